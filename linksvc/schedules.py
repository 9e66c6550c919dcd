"""Wall clocks: the one moment that a date and hour of a time zone is, and a campaign's schedule. Called wherever hours of
people are meant: `linksvc.quiet_hours`, `linksvc.campaign_control`, the sender's last checks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from linksvc.errors import FieldError, InvalidRequest
from linksvc.zone_names import zone_named

RECIPIENT = "recipient"
"""As a zone: each recipient's own."""

_EARLIEST = "Pacific/Kiritimati"
"""UTC+14: nowhere is a wall clock further ahead."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A date and hour that wall clocks show, without its zone, and whose clocks: an IANA name or RECIPIENT."""

    local: datetime
    timezone: str


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The one moment in UTC at which clocks of the zone show it. Where clocks are put forward over it, the moment it would
    have been; where they are put back over it, the first of the two: so nothing is skipped and nothing comes twice."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def earliest(schedule: Schedule) -> datetime:
    """The first moment at which it is that time for anybody it is meant for."""
    return instant(schedule.local, ZoneInfo(_EARLIEST if schedule.timezone == RECIPIENT else schedule.timezone))


class Scheduled(Protocol):
    """What a campaign says of it: its columns of these names."""

    @property
    def send_at(self) -> datetime | None: ...
    @property
    def send_local(self) -> str: ...
    @property
    def send_timezone(self) -> str: ...


def due_for(campaign: Scheduled, zones: Iterable[ZoneInfo]) -> datetime | None:
    """When a campaign's message is due to somebody whose zone is one of these: in none of them before its time. None: as
    soon as the campaign is sent."""
    if campaign.send_timezone != RECIPIENT:
        return campaign.send_at
    local = datetime.fromisoformat(campaign.send_local)
    return max(instant(local, zone) for zone in zones)


def read_schedule(local: str, timezone: str) -> Schedule:
    """Reads a date and hour (2026-11-27T10:00) and an IANA name or RECIPIENT. Raises InvalidRequest `schedule_invalid`."""
    try:
        moment = datetime.fromisoformat(local)
    except ValueError:
        moment = None
    if moment is None or len(local) < len("2026-11-27T10"):
        raise _wrong("at", f"“{local[:40]}” is no date and hour; write it as 2026-11-27T10:00.")
    if not 2000 <= moment.year < 3000:
        raise _wrong("at", f"{moment.year} is no year of a date and hour here: there are 2000 to 2999.")
    if moment.tzinfo is not None:
        raise _wrong("at", "Give the hour as clocks show it, 2026-11-27T10:00, and say where by the time zone.")
    if timezone != RECIPIENT and zone_named(timezone) is None:
        raise _wrong("timezone", f"“{timezone[:40]}” is no time zone; one is Europe/Paris, or “{RECIPIENT}”.")
    return Schedule(moment, timezone)


def _wrong(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, code="schedule_invalid", errors=(FieldError(field, message),))
