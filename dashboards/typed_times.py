"""From and to as somebody typed them into a form, in the workspace's zone, or as a link says them. For the breakdown "
"page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dashboards.forms import Filled
from dashboards.speech import Speech
from linksvc.cohorts import Cohort, is_told


@dataclass(frozen=True, slots=True)
class TypedTimes:
    """`cohort` is None where nothing was typed, and where something is wrong, which `form` says then."""

    cohort: Cohort | None
    form: Filled


def read_times(told: Mapping[str, str], zone: ZoneInfo, speech: Speech) -> TypedTimes:
    """A time that comes twice is the first one where it begins something and the second where it ends it, so that nothing
    of that night is missed."""
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    moments: dict[str, datetime] = {}
    for name, fold in (("from", 0), ("to", 1)):
        text = told.get(name, "").strip()
        moment = _moment(text, zone, fold) if text else None
        # What a link says in UTC stands in the form as the zone's clocks show it.
        values[name] = f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}" if moment else text
        if text and moment is None:
            errors[name] = speech.say("by.wrong.moment")
        elif moment and (moment.minute % 15 or moment.second or moment.microsecond):
            errors[name] = speech.say("by.wrong.quarter")
        elif moment:
            moments[name] = moment
    if len(moments) == 2 and moments["from"] >= moments["to"]:
        errors["to"] = speech.say("by.wrong.order")
    cohort = Cohort(moments.get("from"), moments.get("to")) if moments and not errors else None
    return TypedTimes(cohort, Filled(values, errors))


def _moment(text: str, zone: ZoneInfo, fold: int) -> datetime | None:
    try:
        # A plus sign that was not escaped arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone, fold=fold)
        return moment.astimezone(UTC) if is_told(moment) else None
    except (ValueError, OverflowError):
        return None
