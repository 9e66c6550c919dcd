"""The user data header of a message in several fragments (3GPP TS 23.040, 9.2.3.24). For the worker and the simulator."""

from dataclasses import dataclass

UDHI = 0x40
"""The bit of esm_class that says: the payload begins with a header."""

_REFERENCE_8, _REFERENCE_16 = 0x00, 0x08


@dataclass(frozen=True, slots=True)
class Concatenation:
    """This is fragment `part` (from 1) of `parts`; those of one message share `reference`."""

    reference: int
    parts: int
    part: int


def add_header(payload: bytes, place: Concatenation, wide: bool = False) -> bytes:
    """The payload behind a header of six octets, with a reference of eight bits; `wide`: of seven, with sixteen."""
    element, size = (_REFERENCE_16, 2) if wide else (_REFERENCE_8, 1)
    value = place.reference.to_bytes(size, "big") + bytes((place.parts, place.part))
    return bytes((len(value) + 2, element, len(value))) + value + payload


def read_header(payload: bytes) -> tuple[Concatenation | None, bytes]:
    """Takes the header off a payload whose esm_class has the UDHI bit; None when the header says nothing of fragments."""
    if not payload:
        return None, payload
    header, rest = payload[1 : 1 + payload[0]], payload[1 + payload[0] :]
    position = 0
    while position + 2 <= len(header):
        element, length = header[position], header[position + 1]
        value = header[position + 2 : position + 2 + length]
        if element == _REFERENCE_8 and len(value) == 3:
            return Concatenation(value[0], value[1], value[2]), rest
        if element == _REFERENCE_16 and len(value) == 4:
            return Concatenation(int.from_bytes(value[:2], "big"), value[2], value[3]), rest
        position += 2 + length
    return None, rest
