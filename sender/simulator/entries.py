"""What the ledger is written of: one frozen record for each thing that truly happened, as one line of JSON.

`number` is the phone's, in E.164; `message` counts the messages to that number from 0; `at` is UTC.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import get_args


@dataclass(frozen=True, slots=True)
class PartAccepted:
    """The SMSC took a part; its answer was written to the socket, or was lost with it."""

    number: str
    message: int
    part: int
    parts: int
    smsc_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PartRefused:
    """The SMSC refused a part; `status` is the command status, temporary ones included."""

    number: str
    part: int
    parts: int
    status: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ReceiptTaken:
    """A part's final receipt was acknowledged by the client for the first time."""

    number: str
    message: int
    part: int
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RequestLost:
    """A submit_sm was neither taken nor answered, as if it had never come."""

    number: str
    part: int
    parts: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """A part was taken and the client never heard of it: the answer, or its second half, was kept back, or its connection
    was gone."""

    number: str
    message: int
    part: int
    at: datetime


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """The phone got the whole message and shows this text. Receipts that say DELIVRD without it are fakes."""

    number: str
    message: int
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OddReceiptAnswered:
    """A receipt that names no message of the client's was answered with `status`. `oddity`: one of MALFORMATIONS, or
    `unknown id`; `smsc_id` is the id it bore, if any."""

    number: str
    oddity: str
    smsc_id: str
    status: int
    at: datetime


@dataclass(frozen=True, slots=True)
class InboundTaken:
    """The client acknowledged all parts of what a phone wrote of its own; again: of its repetition."""

    number: str
    address: str
    text: str
    stop: bool
    again: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class PduGarbled:
    """A PDU that nobody can read was sent; `number` is that of the receipt behind it."""

    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A connection was cut, with so many submit_sm and deliver_sm unanswered. `why`: a knob's or an act's name."""

    why: str
    unanswered: int
    undelivered: int
    at: datetime


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step of the scenario began or ended; `submitted` submit_sm had come by then."""

    step: str
    submitted: int
    at: datetime


@dataclass(frozen=True, slots=True)
class HitAnswered:
    """A request for the message's link, as it was made, and the status it was answered with. `kind`: see `agents`."""

    number: str
    message: int
    kind: str
    address: str
    method: str
    user_agent: str
    purpose: str
    """Of the headers that announce a prefetch or a preview, the one that was sent; or empty."""
    private: bool
    """Whether it asked not to be followed (Sec-GPC), so that its agent may be left out of any record."""
    status: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PageUsed:
    """What a person did on the message's landing page was told, and taken."""

    number: str
    message: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CodeRedeemed:
    """A shop took the message's code, and says what was paid after the discount."""

    number: str
    message: int
    order_ref: str
    paid_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReplyTaken:
    """The client acknowledged what the person answered; `stop`: that they want no more."""

    number: str
    message: int
    stop: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something else than what was expected; `number` is empty where it concerns nobody."""

    number: str
    what: str
    detail: str
    at: datetime


Entry = (
    PartAccepted
    | PartRefused
    | RequestLost
    | AnswerLost
    | ReceiptTaken
    | OddReceiptAnswered
    | MessageArrived
    | HitAnswered
    | PageUsed
    | CodeRedeemed
    | ReplyTaken
    | InboundTaken
    | PduGarbled
    | Disconnected
    | StepTaken
    | Anomaly
)

_KINDS: dict[str, type[Entry]] = {kind.__name__: kind for kind in get_args(Entry)}


def to_line(entry: Entry) -> str:
    """The entry as a line of JSON, its end included."""
    values = asdict(entry) | {"at": entry.at.isoformat()}
    return json.dumps({"entry": type(entry).__name__} | values, ensure_ascii=False) + "\n"


def from_line(line: str) -> Entry:
    """The entry of a line. Raises ValueError or KeyError for what is none."""
    values = json.loads(line)
    kind = _KINDS[values.pop("entry")]
    return kind(**values | {"at": datetime.fromisoformat(values["at"])})
