"""What an operator tells of an SMSC account, and what of it cannot be. For `linksvc.routes`, which keeps it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from linksvc.alphabets import ALPHABETS, DEFAULT_ALPHABETS
from linksvc.errors import FieldError, InvalidRequest
from linksvc.phone_numbers import COUNTRIES
from linksvc.zone_names import zone_named

BIND_TYPES = ("transceiver", "pair")
ID_FORMS = ("auto", "text", "hex", "decimal")
LONG_FORMS = ("udh8", "udh16", "sar", "payload")
ADDRESS_KINDS = ("alphanumeric", "short", "long", "recipient")

PARTS_A_BIND = 50
"""In any second at most 1.05 x the rate + 1 parts may leave. Each bind may be one part early, and make up for late timers
by 3 %: so a route may have one bind, and one more for each 50 parts a second."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_MOST_BINDS = 32
_MOST_AGE_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class RouteReading:
    """How what an SMSC sends is read: see the fields of `NewRoute`."""

    alphabet: str = "gsm"
    data_codings: Mapping[int, str] = field(default_factory=dict)
    receipt_timezone: str = "UTC"
    number_country: str = ""
    answer_id: str = "auto"
    receipt_id: str = "auto"
    tlv_id: str = "auto"


@dataclass(frozen=True)
class NewRoute:
    """What an operator tells of an account; what may be chosen from stands in the tables above."""

    name: str
    host: str
    port: int
    system_id: str
    window_size: int = 10
    """Parts that were handed over and not answered yet, at most, in each bind."""
    rate_per_s: int = 100
    """Parts a second, at most, over all binds."""
    system_type: str = ""
    bind_type: str = "transceiver"
    binds: int = 1
    """How many sessions (or pairs) are held at once."""
    tls: bool = False
    tls_name: str = ""
    """The name that its certificate must be for; empty: the host's."""
    alphabet: str = "gsm"
    data_codings: Mapping[int, str] = field(default_factory=dict)
    """What other codings of inbound messages mean, where it is not what SMPP says."""
    answer_id: str = "auto"
    receipt_id: str = "auto"
    tlv_id: str = "auto"
    receipt_timezone: str = "UTC"
    """IANA; of dates in receipts that name no offset."""
    number_country: str = ""
    """ISO 3166: how inbound national numbers are read. Empty: they are international."""
    numbering: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """TON and NPI by kind of address, where it is not the usual (`sender.submit_fields`)."""
    long_form: str = "udh8"
    max_tries: int = 10
    """How often, and for how long, a part is handed over again after refusals for the moment."""
    max_age_s: int = 86_400

    @property
    def reading(self) -> RouteReading:
        return RouteReading(
            self.alphabet,
            self.data_codings,
            self.receipt_timezone,
            self.number_country,
            self.answer_id,
            self.receipt_id,
            self.tlv_id,
        )


def check(new: NewRoute) -> None:
    """Raises InvalidRequest (route_invalid) that names each wrong field and what would be right."""
    errors = tuple(_faults(new))
    if errors:
        names = ", ".join(error.field for error in errors)
        raise InvalidRequest(f"The route is not valid: {names}.", code="route_invalid", errors=errors)


def most_binds(rate_per_s: int) -> int:
    """How many binds a route of that rate may have."""
    return min(_MOST_BINDS, 1 + rate_per_s // PARTS_A_BIND)


def _faults(new: NewRoute) -> Iterator[FieldError]:
    yield from _faults_of_the_account(new)
    yield from _faults_of_numbers(new)
    yield from _faults_of_choices(new)
    yield from _faults_of_tables(new)


def _faults_of_the_account(new: NewRoute) -> Iterator[FieldError]:
    if not _NAME.fullmatch(new.name):
        yield FieldError("name", "A letter, then up to 39 small letters, digits and dashes.")
    if not new.host or any(character.isspace() for character in new.host):
        yield FieldError("host", "A host name or an address.")
    if not 0 < new.port < 65_536:
        yield FieldError("port", "A number from 1 to 65535.")
    if not (0 < len(new.system_id) < 16 and new.system_id.isascii()):
        yield FieldError("system_id", "1 to 15 ASCII characters (SMPP v3.4, 5.2.1).")
    if not (len(new.system_type) < 13 and new.system_type.isascii()):
        yield FieldError("system_type", "Up to 12 ASCII characters (SMPP v3.4, 5.2.3).")
    if any(character.isspace() for character in new.tls_name) or (new.tls_name and not new.tls):
        yield FieldError("tls_name", "A host name, and only together with TLS.")


def _faults_of_numbers(new: NewRoute) -> Iterator[FieldError]:
    if not 0 < new.window_size <= 1_000:
        yield FieldError("window_size", "A number from 1 to 1000.")
    if not 0 < new.rate_per_s <= 10_000:
        yield FieldError("rate_per_s", "A number from 1 to 10000.")
    elif not 0 < new.binds <= most_binds(new.rate_per_s):
        most = most_binds(new.rate_per_s)
        yield FieldError("binds", f"A number from 1 to {most}: one, and one more for each 50 parts a second, up to 32.")
    if not 0 < new.max_tries <= 100:
        yield FieldError("max_tries", "A number from 1 to 100.")
    if not 0 < new.max_age_s <= _MOST_AGE_S:
        yield FieldError("max_age_s", "Seconds, from 1 to 604800: a week.")


def _faults_of_choices(new: NewRoute) -> Iterator[FieldError]:
    choices = {
        "bind_type": BIND_TYPES,
        "alphabet": DEFAULT_ALPHABETS,
        "answer_id": ID_FORMS,
        "receipt_id": ID_FORMS,
        "tlv_id": ID_FORMS,
        "long_form": LONG_FORMS,
    }
    for name, among in choices.items():
        if getattr(new, name) not in among:
            yield FieldError(name, f"One of {', '.join(among)}.")
    if zone_named(new.receipt_timezone) is None:
        yield FieldError("receipt_timezone", "A time zone such as Europe/Paris, or UTC.")
    if new.number_country and new.number_country not in COUNTRIES:
        yield FieldError("number_country", "A country's two capitals (ISO 3166), such as FR; or nothing.")


def _faults_of_tables(new: NewRoute) -> Iterator[FieldError]:
    if any(not 0 < coding < 256 or name not in ALPHABETS for coding, name in new.data_codings.items()):
        yield FieldError("data_codings", f"For numbers from 1 to 255 one of {', '.join(ALPHABETS)}.")
    if any(
        kind not in ADDRESS_KINDS or not (0 <= ton <= 7 and 0 <= npi <= 18) for kind, (ton, npi) in new.numbering.items()
    ):
        message = f"For {', '.join(ADDRESS_KINDS)} a TON from 0 to 7 and an NPI from 0 to 18 (SMPP v3.4, 5.2.5 and 5.2.6)."
        yield FieldError("numbering", message)
