"""Lengths of time as the charts write them: `30 s`, `2 h`, `1 h – 2 h`. For the charts of delays."""

from dashboards.charts.teller import Teller
from linksvc.distributions import Step

_UNITS = ((86_400, "charts.days"), (3_600, "charts.hours"), (60, "charts.minutes"))


def duration(seconds: int, teller: Teller) -> str:
    """In the largest unit that it is a whole number of."""
    for size, key in _UNITS:
        if seconds and seconds % size == 0:
            return teller.say(key, amount=seconds // size)
    return teller.say("charts.seconds", amount=seconds)


def stretch(step: Step, teller: Teller) -> str:
    """From when to when: `1 h – 2 h`."""
    if step.since_s is None:
        return teller.say("charts.before")
    if step.until_s is None:
        return teller.say("charts.longer", since=duration(step.since_s, teller))
    return f"{duration(step.since_s, teller)} – {duration(step.until_s, teller)}"


def end(step: Step, teller: Teller) -> str:
    """Until when, as a label of an axis along which everything adds up."""
    if step.since_s is None:
        return teller.say("charts.before")
    if step.until_s is None:
        return f"≥ {duration(step.since_s, teller)}"
    return f"< {duration(step.until_s, teller)}"
