"""The text of a receipt, which was never standardised (SMPP v3.4, appendix B has an example): labels stand in any order and
case, any may be missing, values may be garbage. For `sender.receipts`."""

import re
from collections.abc import Iterator, Mapping

from sender.concatenation import UDHI, read_header
from sender.pdus import Pdu

ID, STATE, ERROR, DONE, QUOTE = "id", "stat", "err", "done date", "text"

_LABEL = re.compile(
    r"(?<![\w-])(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text)\s*:[^\S\r\n]*", re.IGNORECASE | re.ASCII
)
_UCS2 = 8
_GSM_UNDERSCORE = "\x11"
"""The one sign of ids that GSM 03.38 has in another place than ASCII."""


def labels_of(pdu: Pdu, alphabet: str) -> Mapping[str, str]:
    """What stands behind each label, by its small name. Of one that comes twice the first holds; what is quoted behind
    `text` says nothing, unless the id or the state are still missing there."""
    parameters = {ID: "receipted_message_id", STATE: "message_state"}
    missing = frozenset(label for label, name in parameters.items() if name not in pdu.fields)
    readings = (_labels(text, missing) for text in _texts(pdu, alphabet))
    first = next(readings)
    return first if _says_something(first) else next(filter(_says_something, readings), first)


def first_word(value: str) -> str:
    """A value without what stands behind it: labels of an SMSC's own, and signs between."""
    return next(iter(value.split()), "").strip(",;")


def _says_something(labels: Mapping[str, str]) -> bool:
    return ID in labels or STATE in labels


def _texts(pdu: Pdu, alphabet: str) -> Iterator[str]:
    """The text, by its data_coding first: SMSCs copy that of the message, whatever they write themselves. They copy its
    esm_class too, with the bit of a header that is not there."""
    coding = pdu.number("data_coding")
    narrow = "utf-8" if alphabet == "utf8" and coding == 0 else "latin-1"
    codecs = ("utf-16-be", narrow, "utf-16-le") if coding == _UCS2 else (narrow, "utf-16-be", "utf-16-le")
    underscore = _GSM_UNDERSCORE if alphabet == "gsm" and coding == 0 else "_"
    for payload in _payloads(pdu):
        for codec in codecs:
            yield payload.decode(codec, "replace").replace("\0", " ").replace(underscore, "_")


def _payloads(pdu: Pdu) -> Iterator[bytes]:
    if pdu.number("esm_class") & UDHI:
        yield read_header(pdu.payload)[1]
    yield pdu.payload


def _labels(text: str, wanted: frozenset[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    matches = list(_LABEL.finditer(text))
    for number, match in enumerate(matches):
        end = matches[number + 1].start() if number + 1 < len(matches) else len(text)
        name = _name(match[1])
        if name == QUOTE and wanted <= labels.keys():
            break
        labels.setdefault(name, text[match.end() : end].strip())
    return labels


def _name(label: str) -> str:
    folded = label.lower().replace("_", " ")
    return folded if " " in folded else folded.replace("date", " date")
