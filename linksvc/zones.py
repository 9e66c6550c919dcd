"""In which time zone somebody is: what their contact says, else what their number says, else what their country says.

Called by the sender's last checks. Countries with several zones may leave more than one possible.
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from babel.core import get_global
from phonenumbers import NumberParseException, PhoneNumber
from phonenumbers import timezone as number_zones

from linksvc.country_hours import hours_of
from linksvc.zone_names import zone_named

_EXCHANGE = len("+1208555")
"""Characters of a North American number that its zones depend on: some area codes have two."""


def zones_of(number: str, country: str, told: str) -> tuple[ZoneInfo, ...]:
    """The zones in which the holder of a number (E.164) may be; at least one. `told` is the contact's own, or empty."""
    if told and (zone := zone_named(told)):
        return (zone,)
    usual = hours_of(country).zones
    if len(usual) == 1:
        return _zones(usual)
    by_number = _by_exchange(number[:_EXCHANGE]) if number.startswith("+1") else _by_number(number)
    # More than the country has: the number says no more than its country code.
    return _zones(usual if usual and not 0 < len(by_number) <= len(usual) else by_number or _by_country(country))


@cache
def _zones(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    found = (zone_named(name) for name in names)
    return tuple(zone for zone in found if zone) or (ZoneInfo("UTC"),)


@lru_cache(maxsize=10_000)
def _by_exchange(prefix: str) -> tuple[str, ...]:
    """The zones of the numbers of North America that begin so, whatever they are used for."""
    return _known(number_zones.time_zones_for_geographical_number, f"{prefix}0000")


@lru_cache(maxsize=10_000)
def _by_number(number: str) -> tuple[str, ...]:
    return _known(number_zones.time_zones_for_number, number)


def _known(ask: Callable[[PhoneNumber], Sequence[str]], number: str) -> tuple[str, ...]:
    try:
        names = ask(phonenumbers.parse(number))
    except NumberParseException:
        return ()
    return tuple(name for name in names if name != number_zones.UNKNOWN_TIMEZONE)


@cache
def _by_country(country: str) -> tuple[str, ...]:
    return tuple(sorted(name for name, territory in get_global("zone_territories").items() if territory == country))
