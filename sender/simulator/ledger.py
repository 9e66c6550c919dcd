"""The simulator's ledger: what truly happened, message by message. Demo and tests hold the funnel against it.

Entries are appended, to a file of JSON lines too where one was named, and folded into one record a message. Only what was
answered counts: a hit without its 302 or its page, a code without its 201, a receipt without its acknowledgement never was.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import singledispatchmethod
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple, TextIO

from sender.simulator.agents import DISGUISED_MACHINE, MACHINE, PERSON
from sender.simulator.entries import (
    Anomaly,
    AnswerLost,
    CodeRedeemed,
    Disconnected,
    Entry,
    HitAnswered,
    InboundTaken,
    MessageArrived,
    OddReceiptAnswered,
    PageUsed,
    PartAccepted,
    PartRefused,
    PduGarbled,
    ReceiptTaken,
    ReplyTaken,
    RequestLost,
    StepTaken,
    from_line,
    to_line,
)
from sender.simulator.population import Person

FOUND, SHOWN = 302, 200
"""The statuses of a hit that count: of a redirect, and of a landing page."""

_GRAVITY = {"DELIVERED": 1, "UNKNOWN": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIVERABLE": 4, "REJECTED": 4}
_FAILED = ("EXPIRED", "DELETED", "UNDELIVERABLE", "REJECTED")


class HitKey(NamedTuple):
    """What a hit shows of itself; the simulator lets no two kinds of visitors share one."""

    network: str
    """The /24 it came from, as `127.1.2.0/24`."""
    user_agent: str
    """Empty where none was sent, or where the visitor asked not to be followed."""
    method: str
    purpose: str
    """What Sec-Purpose, Purpose, X-Purpose or X-Moz said; or empty."""


@dataclass
class MessageRecord:
    """One message to one number."""

    parts: int
    accepted: Counter[int] = field(default_factory=Counter)
    """How often each part was taken: more than once means that it was submitted twice."""
    receipts: dict[int, str] = field(default_factory=dict)
    lost_answers: set[int] = field(default_factory=set)
    """Parts that were taken and of which the client never heard."""
    arrived: bool = False
    text: str = ""
    """What the phone shows, once it arrived."""
    hits: Counter[str] = field(default_factory=Counter)
    """Answered with a redirect or a page, by kind."""
    used_page: bool = False
    """Its person did something on its landing page."""
    redemptions: int = 0
    paid_minor: int = 0
    stopped: bool = False

    @property
    def submitted(self) -> bool:
        return len(self.accepted) == self.parts

    @property
    def faked(self) -> bool:
        """Whether the receipts speak of a delivery that never was. True only once nothing is on its way any more."""
        return self.state == "DELIVERED" and not self.arrived

    @property
    def state(self) -> str:
        """The worst of its parts' receipts; PENDING until each part has one, unless a bad one came already."""
        worst = max(self.receipts.values(), key=_GRAVITY.__getitem__, default="PENDING")
        return "PENDING" if worst == "DELIVERED" and len(self.receipts) < self.parts else worst


@dataclass(frozen=True)
class Disguise:
    """What machines that look like people did: `numbers` of tracked people whose link none but such a machine opened (their
    messages belong in no comparison), and how many hits there were."""

    numbers: frozenset[str]
    hits: int


class Ledger:
    """Append-only. Written by one event loop; may be read from another thread once the simulator is idle."""

    def __init__(self, path: Path | None = None) -> None:
        self._file: TextIO | None = path.open("a", encoding="utf-8", buffering=1) if path else None
        self._messages: defaultdict[str, list[MessageRecord]] = defaultdict(list)
        self._kinds: dict[HitKey, str] = {}
        self.refusals: list[PartRefused] = []
        self.anomalies: list[Anomaly] = []
        self.lost_requests: list[RequestLost] = []
        self.odd_receipts: list[OddReceiptAnswered] = []
        self.inbound: list[InboundTaken] = []
        self.disconnects: list[Disconnected] = []
        self.steps: list[StepTaken] = []
        self.garbled = 0

    @classmethod
    def read(cls, path: Path) -> "Ledger":
        """The ledger that a file holds, without going on writing to it."""
        ledger = cls()
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                ledger._fold(from_line(line))
        return ledger

    def append(self, entry: Entry) -> None:
        if self._file:
            self._file.write(to_line(entry))
        self._fold(entry)

    def close(self) -> None:
        """Closes the file; what was learnt can still be read."""
        if self._file:
            self._file.close()
            self._file = None

    def numbers(self) -> tuple[str, ...]:
        """Whom messages were sent to of which the SMSC took a part."""
        return tuple(number for number, messages in self._messages.items() if messages)

    def messages(self, number: str) -> tuple[MessageRecord, ...]:
        """The messages to a number of which the SMSC took a part, in their order."""
        return tuple(self._messages.get(number, ()))

    def truth(self, people: Iterable[Person]) -> dict[str, int]:
        """What the funnel must say about these people's messages: counts of messages, but `machine_hits` (requests) and
        `revenue_minor` (minor units)."""
        everybody = tuple(people)
        records = [(person, record) for person in everybody for record in self.messages(person.number)]
        submitted = [record for _, record in records if record.submitted]
        states = Counter(record.state for record in submitted)
        return {
            "produced": sum(person.marketing_consent for person in everybody),
            "submitted": len(submitted),
            "delivered": states["DELIVERED"],
            "failed": sum(states[state] for state in _FAILED),
            "unknown": states["UNKNOWN"],
            "clicked": sum(person.tracking_consent and record.hits[PERSON] > 0 for person, record in records),
            "engaged": sum(record.used_page for _, record in records),
            "machine_hits": sum(record.hits[MACHINE] for _, record in records),
            "redeemed": sum(record.redemptions > 0 for _, record in records),
            "revenue_minor": sum(record.paid_minor for _, record in records),
            "opted_out": sum(record.stopped for _, record in records),
        }

    def disguised(self, people: Iterable[Person]) -> Disguise:
        """What machines that look like people did with these people's links."""
        opened = [
            (person, record)
            for person in people
            for record in self.messages(person.number)
            if record.hits[DISGUISED_MACHINE]
        ]
        return Disguise(
            numbers=frozenset(p.number for p, record in opened if p.tracking_consent and not record.hits[PERSON]),
            hits=sum(record.hits[DISGUISED_MACHINE] for _, record in opened),
        )

    def confusion(self, judged: Iterable[tuple[HitKey, str]]) -> dict[str, dict[str, int]]:
        """{true kind: {verdict: count}} of hits that were judged; those of nobody's here are of the kind `stranger`."""
        table: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for key, verdict in judged:
            table[self._kinds.get(key, "stranger")][verdict] += 1
        return {kind: dict(sorted(table[kind].items())) for kind in sorted(table)}

    @singledispatchmethod
    def _fold(self, entry: Entry) -> None:
        raise TypeError(f"{type(entry).__name__} is no entry")

    @_fold.register
    def _(self, entry: PartAccepted) -> None:
        messages = self._messages[entry.number]
        if entry.message == len(messages):
            messages.append(MessageRecord(entry.parts))
        messages[entry.message].accepted[entry.part] += 1

    @_fold.register
    def _(self, entry: PartRefused) -> None:
        self.refusals.append(entry)

    @_fold.register
    def _(self, entry: ReceiptTaken) -> None:
        self._message(entry).receipts[entry.part] = entry.state

    @_fold.register
    def _(self, entry: RequestLost) -> None:
        self.lost_requests.append(entry)

    @_fold.register
    def _(self, entry: AnswerLost) -> None:
        self._message(entry).lost_answers.add(entry.part)

    @_fold.register
    def _(self, entry: MessageArrived) -> None:
        record = self._message(entry)
        record.arrived, record.text = True, entry.text

    @_fold.register
    def _(self, entry: OddReceiptAnswered) -> None:
        self.odd_receipts.append(entry)

    @_fold.register
    def _(self, entry: InboundTaken) -> None:
        self.inbound.append(entry)

    @_fold.register
    def _(self, _entry: PduGarbled) -> None:
        self.garbled += 1

    @_fold.register
    def _(self, entry: Disconnected) -> None:
        self.disconnects.append(entry)

    @_fold.register
    def _(self, entry: StepTaken) -> None:
        self.steps.append(entry)

    @_fold.register
    def _(self, entry: HitAnswered) -> None:
        agent = "" if entry.private else entry.user_agent
        self._kinds[HitKey(network_of(entry.address), agent, entry.method, entry.purpose)] = entry.kind
        if entry.status in (FOUND, SHOWN):
            self._message(entry).hits[entry.kind] += 1

    @_fold.register
    def _(self, entry: PageUsed) -> None:
        self._message(entry).used_page = True

    @_fold.register
    def _(self, entry: CodeRedeemed) -> None:
        record = self._message(entry)
        record.redemptions += 1
        record.paid_minor += entry.paid_minor

    @_fold.register
    def _(self, entry: ReplyTaken) -> None:
        record = self._message(entry)
        record.stopped = record.stopped or entry.stop

    @_fold.register
    def _(self, entry: Anomaly) -> None:
        self.anomalies.append(entry)

    def _message(
        self, entry: ReceiptTaken | AnswerLost | MessageArrived | HitAnswered | PageUsed | CodeRedeemed | ReplyTaken
    ) -> MessageRecord:
        return self._messages[entry.number][entry.message]


def network_of(address: str) -> str:
    """The /24 of an IPv4 address: what a tracker keeps of it."""
    return str(ip_network(f"{address}/24", strict=False))
