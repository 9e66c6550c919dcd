"""Parts put together to the messages a phone shows: by reference and number (3GPP TS 23.040, 9.2.3.24). For `intake`."""

from collections import Counter
from dataclasses import dataclass, field

from linksvc.fragments import decode_gsm
from sender.concatenation import UDHI, Concatenation, read_header
from sender.pdus import Pdu

UCS2 = 8
"""data_coding of UTF-16 (SMPP v3.4, 5.2.19); everything else is read in the default alphabet, GSM 03.38."""

_ALONE = Concatenation(0, 1, 1)


@dataclass(frozen=True)
class Submission:
    """A submit_sm as far as it matters here. `number` is E.164."""

    number: str
    sender: str
    place: Concatenation
    data_coding: int
    body: bytes
    registered_delivery: int

    @classmethod
    def of(cls, pdu: Pdu) -> "Submission":
        place, body = read_header(pdu.payload) if pdu.number("esm_class") & UDHI else (None, pdu.payload)
        return cls(
            number="+" + pdu.text("destination_addr").lstrip("+"),
            sender=pdu.text("source_addr"),
            place=place or _ALONE,
            data_coding=pdu.number("data_coding"),
            body=body,
            registered_delivery=pdu.number("registered_delivery"),
        )

    @property
    def is_sane(self) -> bool:
        """Whether the header makes sense: part 3 of 2 is nobody's."""
        return 1 <= self.place.part <= self.place.parts


@dataclass
class _Open:
    message: int
    bodies: dict[int, bytes] = field(default_factory=dict)


class Reassembly:
    """Counts the messages to each number, from 0, and keeps those of which parts are missing."""

    def __init__(self) -> None:
        self._begun: Counter[str] = Counter()
        self._open: dict[tuple[str, str, int, int], _Open] = {}

    def message_of(self, submission: Submission) -> int:
        """Which message to its number a part belongs to, taken or not."""
        opened = self._open.get(_key(submission))
        return opened.message if opened else self._begun[submission.number]

    def add(self, submission: Submission) -> str | None:
        """Keeps a part that was taken; returns the whole message's text with its last part, else None."""
        key = _key(submission)
        if key not in self._open:
            self._open[key] = _Open(self._begun[submission.number])
            self._begun[submission.number] += 1
        bodies = self._open[key].bodies
        bodies[submission.place.part] = submission.body
        if len(bodies) < submission.place.parts:
            return None
        del self._open[key]
        return decode(b"".join(bodies[part] for part in sorted(bodies)), submission.data_coding)


def decode(body: bytes, data_coding: int) -> str:
    """What a phone shows of a payload without its header."""
    return body.decode("utf-16-be", "replace") if data_coding == UCS2 else decode_gsm(body)


def _key(submission: Submission) -> tuple[str, str, int, int]:
    return submission.number, submission.sender, submission.place.reference, submission.place.parts
