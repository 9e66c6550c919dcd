"""Parts put together to the messages a phone shows: by reference and number (3GPP TS 23.040, 9.2.3.24). For `intake`."""

from collections import Counter
from dataclasses import dataclass, field

from linksvc.fragments import decode_gsm
from sender.concatenation import UDHI, Concatenation, read_header
from sender.pdus import Pdu

_CODECS = {1: "ascii", 3: "latin-1", 8: "utf-16-be"}
"""By data_coding (SMPP v3.4, 5.2.19); everything else is read in the account's default alphabet."""

_DEFAULT_CODECS = {"latin1": "latin-1", "ascii": "ascii", "utf8": "utf-8"}

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

    alphabet: str = "gsm"
    """What data_coding 0 means."""

    @classmethod
    def of(cls, pdu: Pdu, alphabet: str = "gsm") -> "Submission":
        place, body = read_header(pdu.payload) if pdu.number("esm_class") & UDHI else (_sar_place(pdu), pdu.payload)
        return cls(
            number="+" + pdu.text("destination_addr").lstrip("+"),
            sender=pdu.text("source_addr"),
            place=place or _ALONE,
            data_coding=pdu.number("data_coding"),
            body=body,
            registered_delivery=pdu.number("registered_delivery"),
            alphabet=alphabet,
        )

    @property
    def text(self) -> str:
        """What a phone would show of this part alone."""
        return decode(self.body, self.data_coding, self.alphabet)

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
        return decode(b"".join(bodies[part] for part in sorted(bodies)), submission.data_coding, submission.alphabet)


def decode(body: bytes, data_coding: int, alphabet: str = "gsm") -> str:
    """What a phone shows of a payload without its header; `alphabet` is what data_coding 0 means."""
    codec = _CODECS.get(data_coding) or _DEFAULT_CODECS.get(alphabet)
    return body.decode(codec, "replace") if codec else decode_gsm(body)


def _sar_place(pdu: Pdu) -> Concatenation | None:
    """What the optional parameters say instead of a header (SMPP v3.4, 5.3.2.22 to 24)."""
    if "sar_msg_ref_num" not in pdu.fields:
        return None
    names = ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")
    return Concatenation(*(pdu.number(name) for name in names))


def _key(submission: Submission) -> tuple[str, str, int, int]:
    return submission.number, submission.sender, submission.place.reference, submission.place.parts
