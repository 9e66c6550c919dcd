"""What a bind may claim while it fails, and while it does not."""

from linksvc.routes import RouteView
from sender.health import Health
from sender.intake import Intake
from sender.route_book import Books, RouteBook, RouteTerms
from sender.routing import Shares

MAIN, SPARE = 1, 2


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def intake(working: tuple[int, ...], clock: Clock, failing: bool) -> Intake:
    terms = RouteTerms(
        RouteView("main", "127.0.0.1", 2775, "lumen", id=MAIN),
        Books(RouteBook(shares=Shares.of((MAIN, SPARE), {}, working))),
    )
    return Intake(terms, Health(clock, failing=failing), clock, probe_s=10.0)


def test_a_bind_that_works_claims_its_share() -> None:
    scope = intake((MAIN, SPARE), Clock(), failing=False).scope(500)
    assert (scope.most, scope.is_probe) == (500, False)
    assert "lane" in str(scope.within)


def test_a_failing_bind_claims_one_batch_now_and_then_and_nothing_meanwhile() -> None:
    clock = Clock()
    failing = intake((MAIN, SPARE), clock, failing=True)
    assert failing.is_relieved
    probe = failing.scope(500)
    assert (probe.most, probe.is_probe) == (1, True)
    failing.claimed(probe)
    assert str(failing.scope(500).within) == "false"
    assert not failing.scope(500).is_probe
    clock.now += 10.0
    assert failing.scope(500).is_probe


def test_a_failing_bind_that_nobody_can_relieve_goes_on() -> None:
    clock = Clock()
    alone = intake((), clock, failing=True)
    assert not alone.is_relieved
    alone.claimed(alone.scope(500))
    assert "lane" in str(alone.scope(500).within)
