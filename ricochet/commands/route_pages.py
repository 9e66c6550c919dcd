"""What `ricochet route list` and `route show` print of a route."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

from sqlmodel import Session

from linksvc import route_coverage, route_errors, route_health, route_prices
from linksvc.route_accounts import NewRoute
from linksvc.route_health import BindView
from linksvc.route_prices import ALWAYS
from linksvc.routes import RouteView


def lines_of(session: Session, route: RouteView) -> Iterator[str]:
    """Everything told of a route: a line each, its cells parted by tabs."""
    yield from _account_lines(route)
    for place in route_coverage.coverage_of(session, route.id):
        yield _line("covers", place.country or "any", place.network or "any", f"weight {place.weight}")
    for price in route_prices.prices_of(session, route.id):
        start = "always" if price.starts_at == ALWAYS else f"from {price.starts_at:%Y-%m-%d %H:%M} UTC"
        yield _line("price", price.country or "any", price.network or "any", start, str(price.price))
    for one in route_errors.meanings_of(session, route.id):
        again = _again(one.temporary, one.max_tries, one.wait_s) if one.source == route_errors.SUBMIT else ""
        yield _line("error", one.source, one.code, one.cause, again)
    for bind in route_health.read_binds(session):
        if bind.route_id == route.id:
            yield _line("bind", str(bind.number), bind.state, bind.error, health_in_words([bind]))


def health_in_words(binds: Sequence[BindView]) -> str:
    """What became of the parts that these binds were handed in five minutes, or since their sender started, which counts
    anew; empty if there were none."""
    accepted = sum(bind.vitals.accepted for bind in binds)
    refused = sum(bind.vitals.refused for bind in binds)
    retried = sum(bind.vitals.retried for bind in binds)
    unanswered = sum(bind.vitals.unanswered for bind in binds)
    answers = accepted + refused + retried
    if not answers + unanswered:
        return ""
    latency = sum(bind.vitals.latency_ms * _answers(bind) for bind in binds) // max(1, answers)
    pace = sum(bind.vitals.present_rate_milli for bind in binds) / 1_000
    return (
        f"in 5 minutes, or since its sender started, "
        f"{accepted} accepted, {refused} refused, {retried} put off, {unanswered} unanswered; "
        f"answered in {latency} ms; pace {pace:g}/s"
    )


def _account_lines(route: RouteView) -> Iterator[str]:
    yield _line("state", route.state if route.enabled else "disabled", route.error)
    for one in fields(NewRoute):
        value = getattr(route, one.name)
        if one.name == "data_codings":
            value = _pairs((str(coding), name) for coding, name in value.items())
        elif one.name == "numbering":
            value = _pairs((kind, f"{ton}/{npi}") for kind, (ton, npi) in value.items())
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        yield _line(one.name, str(value) or "-")


def _again(temporary: bool, max_tries: int, wait_s: int) -> str:
    if not temporary:
        return "for good"
    tries = f", {max_tries} times at most" if max_tries else ""
    return f"tried again{f' after {wait_s} s' if wait_s else ''}{tries}"


def _answers(bind: BindView) -> int:
    return bind.vitals.accepted + bind.vitals.refused + bind.vitals.retried


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{key}={value}" for key, value in pairs)


def _line(*cells: str) -> str:
    return "\t".join(cells).rstrip()
