"""A text's pieces as the fields of what is submitted, in the form that a route wants. For `sender.texts`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from linksvc.fragments import LONG_FORMS, UDH8, UDH16, LongForm, Split
from linksvc.route_accounts import NewRoute
from sender.concatenation import UDHI, Concatenation, add_header

_NONE: Mapping[str, int | bytes] = MappingProxyType({})

LONGEST_SHORT_MESSAGE = 254
"""In octets (SMPP v3.4, 5.2.22); what is longer goes into message_payload."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How texts are written for a route."""

    form: LongForm = UDH8
    alphabet: str = "gsm"

    @classmethod
    def of(cls, route: NewRoute) -> "Writing":
        return cls(LONG_FORMS[route.long_form], route.alphabet)


class Part(NamedTuple):
    """What one submit_sm says, its header included. `fragments`: how many SMS the SMSC makes of it, and charges."""

    short_message: bytes
    esm_class: int = 0
    tlvs: Mapping[str, int | bytes] = _NONE
    fragments: int = 1


def payloads(split: Split, form: LongForm, reference: int) -> tuple[Part, ...]:
    """The parts of a message. `reference` tells it from others to the same number; as many bits of it are used as fit."""
    total = len(split.parts)
    if total == 1:
        return (_part(split.parts[0], fragments=split.fragments, apart=split.fragments > 1),)
    if form in (UDH8, UDH16):
        wide = form is UDH16
        places = [Concatenation(reference & (0xFFFF if wide else 0xFF), total, part) for part in range(1, total + 1)]
        return tuple(_part(add_header(octets, place, wide), UDHI) for octets, place in zip(split.parts, places, strict=True))
    return tuple(_part(octets, tlvs=_sar(reference, total, part)) for part, octets in enumerate(split.parts, 1))


def _part(
    octets: bytes,
    esm_class: int = 0,
    tlvs: Mapping[str, int | bytes] | None = None,
    fragments: int = 1,
    apart: bool = False,
) -> Part:
    """`apart`: in message_payload, even if it were short enough."""
    if apart or len(octets) > LONGEST_SHORT_MESSAGE:
        return Part(b"", esm_class, {**(tlvs or {}), "message_payload": octets}, fragments)
    return Part(octets, esm_class, tlvs or _NONE, fragments)


def _sar(reference: int, total: int, part: int) -> Mapping[str, int]:
    """SMPP v3.4, 5.3.2.22 to 24."""
    return {"sar_msg_ref_num": reference & 0xFFFF, "sar_total_segments": total, "sar_segment_seqnum": part}
