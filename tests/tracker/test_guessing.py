from structlog.testing import capture_logs

from tracker.guessing import LEAST_MISSES, watch_networks


def test_the_log_names_the_network_that_guesses() -> None:
    guessing = watch_networks()
    with capture_logs() as logs:
        for _ in range(LEAST_MISSES):
            guessing.missed("203.0.113.0/24")
    assert [(line["action"], line["network"], line["log_level"]) for line in logs] == [
        ("guessing", "203.0.113.0/24", "warning")
    ]
