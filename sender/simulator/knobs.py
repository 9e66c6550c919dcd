"""The simulator's settings as knobs: set by name from the command line and from scenarios, and turned while it runs.

Everything in the simulator asks its `Knobs` at the moment of acting, so that what a scenario turns holds at once.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import Any, get_type_hints
from zoneinfo import available_timezones

from sender.simulator.delays import Delay
from sender.simulator.settings import DateForm, IdForm, Mix, SmscSettings

_HINTS = get_type_hints(SmscSettings)
_ANNOTATED = get_type_hints(SmscSettings, include_extras=True)
_NO_SHARES = frozenset({"speed", "limit_per_s", "inbound_per_s"})
_SHARES = frozenset(
    name for name, hint in _HINTS.items() if hint is float and name not in _NO_SHARES and not name.endswith("_s")
)
_STATUSES = frozenset({"limit_status", "bind_status"})
_AT_LEAST_ONE = frozenset({"max_binds", "window", "delivery_window"})
_NONE = "none"
_CHOICES = {"alphabet": ("gsm", "latin1", "ascii", "utf8")}

RECEIPT_FORMS = ("payload", "ucs2", "nul", "shuffled", "data_sm")
"""Forms of a receipt beside the usual one: see `delivery_receipts`."""


@dataclass(frozen=True)
class Knob:
    """One knob: what it is, as it would be written, and what it does."""

    name: str
    value: str
    help: str


class Knobs:
    """The settings as they are now. `turned` is set, and then another event, when some are turned."""

    def __init__(self, settings: SmscSettings) -> None:
        self.now = settings
        self.turned = asyncio.Event()

    def turn(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Sets fields to what they are from now on; returns what they were."""
        former = {name: getattr(self.now, name) for name in changes}
        self.now = replace(self.now, **changes)
        self.turned.set()
        self.turned = asyncio.Event()
        return former


def list_knobs(settings: SmscSettings) -> tuple[Knob, ...]:
    """Every knob as it is in these settings, in their order."""
    return tuple(
        Knob(field.name, _write(field.name, getattr(settings, field.name)), _ANNOTATED[field.name].__metadata__[0])
        for field in fields(SmscSettings)
        if field.name != "password"
    )


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """The fields that `NAME=VALUE` texts set. Raises ValueError with what would be right."""
    pairs = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise ValueError(f"“{assignment}” sets no knob: write NAME=VALUE")
        pairs[name.strip()] = value.strip()
    return read_knobs(pairs)


def read_knobs(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of these knobs, from texts or TOML's values. Raises ValueError that names the knob."""
    return {name: _read(name, value) for name, value in values.items()}


def _read(name: str, value: Any) -> Any:
    if name not in _HINTS:
        raise ValueError(f"there is no knob “{name}”; `ricochet smsc --knobs` lists them")
    if isinstance(value, Mapping):
        value = ",".join(f"{code}:{share}" for code, share in value.items())
    try:
        read = _READERS[_HINTS[name]](str(value))
        _check(name, read)
    except ValueError as error:
        raise ValueError(f"knob {name}: {error}") from None
    return read


def _check(name: str, value: Any) -> None:
    if name in _SHARES and not 0 <= value <= 1:
        raise ValueError(f"{value:g} is no share: it runs from 0 to 1")
    if name == "speed" and value <= 0:
        raise ValueError("it must be above 0")
    if name in _AT_LEAST_ONE and value < 1:
        raise ValueError("it must be 1 or more")
    if name not in _SHARES and isinstance(value, int | float) and value < 0 and name != "seed":
        raise ValueError("it cannot be below 0")
    statuses = [value] if name in _STATUSES else [_integer(code) for code, _ in value.shares] if name == "errors" else []
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ValueError(f"there is no “{value}”; there are: {', '.join(_CHOICES[name])}")
    if name == "receipt_forms" and (strange := {form for form, _ in value.shares} - set(RECEIPT_FORMS)):
        raise ValueError(f"there is no form “{min(strange)}”; there are: {', '.join(RECEIPT_FORMS)}")
    if name == "receipt_timezone" and value not in available_timezones():
        raise ValueError(f"there is no zone “{value}”; write it as Europe/Paris")
    if any(not 0 <= status <= 0xFFFFFFFF for status in statuses):
        raise ValueError("a command status is a number of four bytes")


def _write(name: str, value: Any) -> str:
    if value is None:
        return _NONE
    if name in _STATUSES:
        return f"0x{value:02X}"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _boolean(text: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.lower() not in known:
        raise ValueError(f"“{text}” is neither true nor false")
    return known[text.lower()]


def _integer(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"“{text}” is no whole number") from None


def _float(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"“{text}” is no number") from None
    if not isfinite(number):
        raise ValueError(f"“{text}” is no number that has an end")
    return number


def _id_form(text: str) -> IdForm:
    try:
        return IdForm(text)
    except ValueError:
        raise ValueError(f"“{text}” is no way to write ids; there are: {', '.join(IdForm)}") from None


def _date_form(text: str) -> DateForm:
    try:
        return DateForm(text)
    except ValueError:
        raise ValueError(f"“{text}” is no way to write dates; there are: {', '.join(DateForm)}") from None


def _mix(text: str) -> Mix:
    shares = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        code, colon, share = part.rpartition(":")
        if not colon or not code:
            raise ValueError(f"“{part}” is no share of a code: write CODE:SHARE,CODE:SHARE")
        shares.append((code, _float(share)))
    if any(share < 0 for _, share in shares) or sum(share for _, share in shares) > 1 + 1e-9:
        raise ValueError("the shares of a mix run from 0 and add up to 1 at most")
    return Mix(tuple(shares))


def _or_none(reader: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: None if text.lower() == _NONE else reader(text)


_READERS: Mapping[Any, Callable[[str], Any]] = {
    str: str,
    bool: _boolean,
    int: _integer,
    float: _float,
    Delay: Delay.parse,
    Mix: _mix,
    IdForm: _id_form,
    DateForm: _date_form,
    IdForm | None: _or_none(_id_form),
    int | None: _or_none(_integer),
}
