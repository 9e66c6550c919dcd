import pytest

from linksvc import code_lists
from linksvc.code_lists import Fault, read_list
from linksvc.errors import InvalidRequest, TooLarge


def test_a_list_is_read_in_any_encoding_and_with_any_delimiter() -> None:
    for data in (
        "Magasin;Code promo;Note\nLyon;NOËL-1;x\nLyon;é2 3;y\n".encode("cp1252"),
        "Coupon,shop\nNOËL-1,Lyon\n\né2 3,Lyon\n".encode("utf-16"),
        b"\xef\xbb\xbf" + "code\r\nNOËL-1\r\né2 3\r\n".encode(),
    ):
        found = read_list(data, header=True)
        assert list(found.lines) == ["N0Ë11", "É23"]
        assert found.written == {"N0Ë11": "NOËL-1", "É23": "é2 3"}
        assert (found.rows, found.faults) == (2, ())


def test_a_code_that_is_shown_as_it_is_written_is_kept_once() -> None:
    found = read_list(b"code\nAPR26\n2F4K-9QTX-07BM\n2F4K9QTX07BN\n", header=True)
    assert found.written == {"2F4K9QTX07BN": "2F4K9QTX07BN"}


def test_every_line_that_holds_no_code_of_its_own_is_told_with_its_number() -> None:
    rows = ["code;note", "AB-1;", ";nothing", "--;x", "A1;short", f"{'X' * 65};long", "ab1;again", "", "OIL9;", "0119;same"]
    found = read_list("\n".join(rows).encode(), header=True)
    assert [(fault.line, fault.reason) for fault in found.faults] == [
        (3, "no_code"),
        (4, "no_code"),
        (5, "too_short"),
        (6, "too_long"),
        (7, "twice"),
        (10, "twice"),
    ]
    assert found.faults[4] == Fault(7, "twice", "The code stands on line 2 already; O and 0, and I, L and 1, are the same.")
    assert found.lines == {"AB1": 2, "0119": 9}
    assert found.rows == 8


def test_a_code_that_becomes_longer_when_it_is_compared_is_bounded_too() -> None:
    assert [fault.reason for fault in read_list(f"code\n{'ﷺ' * 20}\n".encode(), header=True).faults] == ["too_long"]


def test_a_list_without_a_header_is_one_code_a_line() -> None:
    found = read_list(b'A/B:1\n"C;2"\nD34;\n', header=False)
    assert found.lines == {"A/B:1": 1, "C;2": 2, "D34": 3}
    with pytest.raises(InvalidRequest) as refused:
        read_list(b"A1B2;Lyon\n", header=False)
    assert refused.value.code == "row_too_long"


def test_a_code_that_looks_like_cells_is_told_how_to_be_written() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_list(b"=cmd|1\n", header=False)
    assert refused.value.detail == (
        'Line 1 has 2 cells, cut at “|”, but the file has one column. Quote cells that hold “|”, so: "A|B", then upload the '
        "file again. If there are more columns, name them all in a first line."
    )
    assert read_list(b'"=cmd|1"\n', header=False).written == {"=CMD|1": "=cmd|1"}


def test_a_header_that_was_not_to_be_there_is_not_taken_for_a_code() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_list(b"Code promo\nA1B2\n", header=False)
    assert refused.value.code == "header_found"


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "file_empty"), (b"A1B2\nC3D4\n", "no_code_column"), (b"PK\x03\x04" + bytes(20), "file_not_text")],
)
def test_a_file_that_is_no_list_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_list(data, header=True)
    assert refused.value.code == code


def test_a_list_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_lists, "CODES_MOST", 3)
    assert read_list(b"code\nA11\nB11\nC11\n", header=True).rows == 3
    with pytest.raises(TooLarge) as refused:
        read_list(b"code\nA11\nB11\nC11\nD11\n", header=True)
    assert refused.value.code == "list_too_long"
