"""The text of a receipt, which was never standardised (SMPP v3.4, appendix B has an example): labels stand in any order and
case, any may be missing, values may be garbage. For `sender.receipts`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sender.concatenation import UDHI, read_header
from sender.pdus import Pdu

ID, STATE, ERROR, DONE, QUOTE = "id", "stat", "err", "done date", "text"

_COUNT = "dlvrd"

NOT_DELIVERED = frozenset(
    {"UNDELIV", "UNDELIVERABLE", "UNDELIVERED", "FAILED", "EXPIRED", "DELETED", "REJECTD", "REJECTED", "UNKNOWN"}
    | {"ACCEPTD", "ACCEPTED", "ENROUTE"}
)
"""What may be read behind a quoted text: no word of these proves a delivery."""

_LABEL = re.compile(
    r"((?<![\w-])(?:id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err)|text)\s*:[^\S\r\n]*", re.IGNORECASE | re.ASCII
)
_UCS2 = 8
_GSM_UNDERSCORE = "\x11"
"""The one sign of ids that GSM 03.38 has in another place than ASCII."""

_LONGEST_HEADER = 0x1F
"""A text begins with a sign, whose octet is greater."""


def labels_of(pdu: Pdu, alphabet: str) -> Mapping[str, str]:
    """What stands behind each label, by its small name. Of one that comes twice the first holds; what is quoted behind
    `text` says nothing, but for a state that can be nobody's text or proves no delivery (`_behind_quote`)."""
    return _usual(pdu) or read_any(pdu, alphabet)


def read_any(pdu: Pdu, alphabet: str) -> Mapping[str, str]:
    """The same of a receipt in whatever form."""
    readings = [_reading(payload, pdu, alphabet) for payload in _payloads(pdu)]
    told = next((one for one in readings if {ID, STATE} & one.own.keys()), readings[0])
    return told.labels()


_USUAL = re.compile(
    r"id:([\w.@-]{1,64}) sub:([0-9]{1,3}) dlvrd:([0-9]{1,3}) submit date:([0-9]{10,14}) done date:([0-9]{10,14})"
    r" stat:([A-Z]{1,16}) err:(\w{1,8}) text:.*",
    re.ASCII | re.DOTALL,
)


def _usual(pdu: Pdu) -> Mapping[str, str]:
    """The labels of a receipt that is written just as in the standard's example, as most are: nothing in it can be read in
    another way, and it is read several times faster. Empty for any other."""
    if pdu.number("data_coding") == _UCS2 or pdu.number("esm_class") & UDHI:
        return {}
    match = _USUAL.fullmatch(pdu.payload.decode("latin-1"))
    if match is None:
        return {}
    id, parts, delivered, submitted, done, state, error = match.groups()
    return {ID: id, "sub": parts, _COUNT: delivered, "submit date": submitted, DONE: done, STATE: state, ERROR: error}


def first_word(value: str) -> str:
    """A value without what stands behind it: labels of an SMSC's own, and signs between."""
    words = value.split(None, 1)
    return words[0].strip(",;") if words else ""


@dataclass(frozen=True, slots=True)
class _Label:
    """A label, what stands behind it up to the next one, and whether it touches what stands before it."""

    name: str
    value: str
    glued: bool


class _Reading:
    """A text as one codec reads it. `begins`: the octet of its first label; `own`: what it says itself, before anything that
    it quotes."""

    def __init__(self, text: str, width: int) -> None:
        self._text = text
        self._matches = list(_LABEL.finditer(text))
        self.begins = (self._matches[0].start() if self._matches else len(text) + 1) * width

    @cached_property
    def _all(self) -> Sequence[_Label]:
        starts = [match.start() for match in self._matches] + [len(self._text)]
        return [
            _Label(_name(match[1]), self._text[match.end() : end].strip(), not self._text[match.start() - 1].isspace())
            for match, end in zip(self._matches, starts[1:], strict=False)
        ]

    @cached_property
    def _quote(self) -> int:
        return next((place for place, label in enumerate(self._all) if label.name == QUOTE), len(self._all))

    @cached_property
    def own(self) -> Mapping[str, str]:
        return _first_of_each(self._all[: self._quote])

    def labels(self) -> Mapping[str, str]:
        if STATE in self.own or self._quote == len(self._all):
            return self.own
        return {**_behind_quote(self._all[self._quote], self._all[self._quote + 1 :], self.own), **self.own}


def _behind_quote(quote: _Label, behind: Sequence[_Label], own: Mapping[str, str]) -> Mapping[str, str]:
    """The state behind a text field, with the date and the error behind it, of a receipt that has none before.

    Whoever wrote the message may have written it, so no delivery is believed unless the field is empty and the receipt's own
    count says that it was delivered, and no error of its own denies it. Another known state is read, the last one and whole,
    unless that count denies it. An id is never read: it would name another's message.
    """
    places = [place for place, label in enumerate(behind) if label.name == STATE]
    place = places[-1] if places else 0
    word = behind[place].value.strip(",;").upper() if places else ""
    if len(word.split()) != 1 or behind[place].glued:
        return {}
    delivered = own.get(_COUNT, "").strip(" ,;0").isdecimal()
    empty_field = place == 0 and not quote.value and not own.get(ERROR, "").strip(" ,;0")
    if not (delivered and empty_field) and not (word in NOT_DELIVERED and not delivered):
        return {}
    return _first_of_each([label for label in behind[place:] if label.name in (STATE, ERROR, DONE)])


def _first_of_each(labels: Sequence[_Label]) -> dict[str, str]:
    return {label.name: label.value for label in reversed(labels)}


def _reading(payload: bytes, pdu: Pdu, alphabet: str) -> _Reading:
    """The text, by its data_coding first: SMSCs copy that of the message, whatever they write themselves. The codec holds
    by which a label comes first: one that comes later may be in the octets of a quoted text."""
    coding = pdu.number("data_coding")
    narrow = "utf-8" if alphabet == "utf8" and coding == 0 else "latin-1"
    codecs = ("utf-16-be", narrow, "utf-16-le") if coding == _UCS2 else (narrow, "utf-16-be", "utf-16-le")
    underscore = _GSM_UNDERSCORE if alphabet == "gsm" and coding == 0 else "_"
    found: list[_Reading] = []
    for codec in codecs:
        text = payload.decode(codec, "replace").replace("\0", " ").replace(underscore, "_")
        found.append(_Reading(text, 1 if codec == narrow else 2))
        if not found[-1].begins:
            break
    return min(found, key=lambda reading: reading.begins)


def _payloads(pdu: Pdu) -> Iterator[bytes]:
    """Behind what may be a header, and whole: SMSCs copy the message's esm_class too, with the bit of what is not there."""
    if pdu.number("esm_class") & UDHI and _has_header(pdu.payload):
        yield read_header(pdu.payload)[1]
    yield pdu.payload


def _has_header(payload: bytes) -> bool:
    """Whether the payload begins with whole elements of a header. A text that is cut as if it had one could lose the label
    that says what is quoted."""
    if not payload or payload[0] > min(_LONGEST_HEADER, len(payload) - 1):
        return False
    position = 1
    while position < 1 + payload[0]:
        position += 2 + payload[position + 1] if position + 1 < len(payload) else len(payload)
    return position == 1 + payload[0]


def _name(label: str) -> str:
    folded = label.lower().replace("_", " ")
    return folded if " " in folded else folded.replace("date", " date")
