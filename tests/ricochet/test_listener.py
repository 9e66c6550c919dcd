import re
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.testclient import TestClient

from linksvc.api.limits import LIMIT_METRICS
from linksvc.errors import ConfigurationError
from linksvc.metrics import Metric, Metrics
from linksvc.readiness import Condition
from ricochet.alerts import ALERTS
from ricochet.listener import create_listener
from ricochet.sockets import Internal, parse_internal
from sender.metrics import SENDER_METRICS
from tracker.ingest_report import ingest_metrics
from tracker.metrics import TRACKER_METRICS

DISK = Condition("disk", True, True, "It can be written.")
ROOM = Condition("room", True, False, "There is room.")
NO_DISK = Condition("disk", False, True, "It cannot be written.")
NO_ROOM = Condition("room", False, False, "It is full.")


@pytest.mark.parametrize(
    ("conditions", "code", "status"),
    [
        ((), 200, "ready"),
        ((DISK, ROOM), 200, "ready"),
        ((DISK, NO_ROOM), 200, "degraded"),
        ((NO_DISK, ROOM), 503, "not ready"),
        ((NO_DISK, NO_ROOM), 503, "not ready"),
    ],
)
def test_readiness_is_every_needed_condition_and_each_says_why(
    conditions: Sequence[Condition], code: int, status: str
) -> None:
    async def look() -> Sequence[Condition]:
        return conditions

    answer = TestClient(create_listener(look)).get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (code, status)
    assert {name: one["detail"] for name, one in answer.json()["conditions"].items()} == {
        one.name: one.detail for one in conditions
    }


def test_what_never_happened_is_told_as_0_and_what_is_not_known_not_at_all() -> None:
    table: tuple[Metric[dict[str, float]], ...] = (
        Metric("losses_total", "counter", "Losses.", lambda counts: counts, "reason", ("full", "failed")),
        Metric("age_seconds", "gauge", "Age.", lambda _: None),
    )
    counts: dict[str, float] = {"full": 3}
    client = TestClient(create_listener(collectors=[Metrics(table, counts)]))
    told = client.get("/metrics").text.splitlines()
    assert "# HELP losses_total Losses." in told
    assert 'losses_total{reason="full"} 3.0' in told
    assert 'losses_total{reason="failed"} 0.0' in told
    assert not [line for line in told if line.startswith("age_seconds ")]
    counts["full"] = 4
    assert 'losses_total{reason="full"} 4.0' in client.get("/metrics").text


@pytest.mark.parametrize("table", [TRACKER_METRICS, ingest_metrics(), SENDER_METRICS], ids=["tracker", "ingest", "sender"])
def test_metrics_are_named_as_prometheus_wants_it(table: Sequence[Metric[Any]]) -> None:
    for metric in table:
        assert re.fullmatch(r"ricochet_(tracker|ingest|sender)_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert metric.help.endswith(".")
        assert bool(metric.label) == bool(metric.values)
    assert len({metric.name for metric in table}) == len(table)


ALL: tuple[Metric[Any], ...] = (*TRACKER_METRICS, *ingest_metrics(), *SENDER_METRICS, *LIMIT_METRICS)


def test_alerts_ask_for_metrics_that_there_are() -> None:
    names = {metric.name for metric in ALL}
    values = {value for metric in ALL for value in metric.values}
    for alert in ALERTS:
        assert set(re.findall(r"ricochet_[a-z_]+", alert.when)) <= names
        assert set(re.findall(r'(?:outcome|reason|fault|kind)!?="(\w+)"', alert.when)) <= values
        assert ": " not in alert.when, "it is written into YAML as it is"
        assert '"' not in alert.summary


@pytest.mark.parametrize(
    ("text", "internal"),
    [
        ("9101", Internal("127.0.0.1", 9101)),
        ("0.0.0.0:9101", Internal("0.0.0.0", 9101)),  # noqa: S104
        ("[::1]:0", Internal("::1", 0)),
        ("off", None),
    ],
)
def test_an_internal_address_is_a_port_or_a_host_and_a_port_or_off(text: str, internal: Internal | None) -> None:
    assert parse_internal(text, "127.0.0.1") == internal


@pytest.mark.parametrize("text", ["", "no", "host", "host:", "127.0.0.1:65536", "1:-1", "９"])
def test_any_other_internal_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--internal: “.*” is no address"):
        parse_internal(text, "127.0.0.1")
