"""Answers as they are written on a connection."""

from tracker.responses import redirect_to, text


def test_an_answer_is_written_with_what_the_server_says_in_every_one() -> None:
    common = [(b"date", b"Sun, 22 Nov 2026 16:19:55 GMT"), (b"server", b"x")]
    written = text(404, b"no", (b"allow", b"GET")).head(common)
    assert written.startswith(
        b"HTTP/1.1 404 Not Found\r\ndate: Sun, 22 Nov 2026 16:19:55 GMT\r\nserver: x\r\ncontent-type: "
    )
    assert written.endswith(b"\r\nallow: GET\r\ncontent-length: 2\r\n")


def test_an_answer_that_is_kept_has_the_date_of_each_second() -> None:
    kept = redirect_to(b"https://shop.example/")
    first, second = [(b"date", b"one")], [(b"date", b"two")]
    assert [kept.head(common).split(b"\r\n")[1] for common in (first, first, second)] == [
        b"date: one",
        b"date: one",
        b"date: two",
    ]
