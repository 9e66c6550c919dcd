"""What becomes of a message and of each of its parts: decided by (seed, number) alone, never by the clock."""

from dataclasses import dataclass
from random import Random

from sender.pdus import Status
from sender.simulator.knobs import Knobs

TEMPORARY = frozenset({Status.SYSTEM_ERROR, Status.QUEUE_FULL, Status.THROTTLED, Status.TEMPORARY_APPLICATION_ERROR})
"""What is refused with these is meant to be tried again."""

MALFORMATIONS = ("no id", "cut", "noise", "empty", "other labels")
"""In which ways a receipt can be beyond reading: see `delivery_receipts`."""

_REFUSALS = (Status.INVALID_DESTINATION, Status.SUBMIT_FAILED)
_FAILURES = ("UNDELIVERABLE", "UNDELIVERABLE", "UNDELIVERABLE", "REJECTED")


@dataclass(frozen=True)
class MessageFate:
    """`state` is the final one (SMPP v3.4, 5.2.28); `arrives`: the phone gets it, whatever the receipts say."""

    refusal: int
    state: str
    reported: bool
    arrives: bool


@dataclass(frozen=True)
class PartFate:
    """`state` is what the receipt says, empty if there will be none; `error` its err code, empty: the usual one."""

    state: str
    early: bool
    duplicated: bool
    en_route: bool
    late: bool = False
    error: str = ""
    malformation: str = ""
    """One of MALFORMATIONS; empty: it can be read."""
    form: str = ""
    """Of its receipt, one of `knobs.RECEIPT_FORMS`; empty: the usual one."""
    stray: bool = False
    """Another receipt comes beside it, for an id that was never given."""
    garbled: bool = False
    """A PDU that nobody can read comes before it."""
    answer_lost: bool = False
    answer_halved: bool = False


class Fates:
    """Draws fates. `message` counts the messages to a number from 0."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs

    def random(self, number: str, purpose: str) -> Random:
        """A source of chance of its own for each number and purpose."""
        return Random(f"{self._knobs.now.seed}:{number}:{purpose}")  # noqa: S311 - chance in a story, no secret.

    def of_message(self, number: str, message: int) -> MessageFate:
        random, settings = self.random(number, f"message {message}"), self._knobs.now
        refusal = random.choice(_REFUSALS) if random.random() < settings.refused else 0
        refusal = refusal or self._error(number, f"error {message}", temporary=False)
        state = self._draw_state(random)
        reported = random.random() >= settings.missing_receipts
        arrives = (state == "DELIVERED" and reported) or random.random() < settings.arriving_anyway
        if self._happens(settings.fake_receipts, number, f"fake {message}"):
            return MessageFate(refusal, "DELIVERED", reported=True, arrives=False)
        return MessageFate(refusal, state, reported, arrives)

    def of_part(self, number: str, message: int, part: int, parts: int) -> PartFate:
        """One part's. In a bad message one part at least has the bad end; in an unreported one, one lacks its receipt."""
        whole, settings = self.of_message(number, message), self._knobs.now
        marked = self.random(number, f"worst part {message}").randrange(parts) + 1
        random = self.random(number, f"part {message}.{part}")
        worst = part == marked or random.random() < 0.5
        state = whole.state if worst else "DELIVERED"
        early = random.random() < settings.early_receipts
        place = f"{message}.{part}"
        return PartFate(
            # A bad receipt tells the whole message's end, so only a good message can lack one and stay open.
            state="" if worst and not whole.reported and whole.state == "DELIVERED" else state,
            early=early,
            duplicated=random.random() < settings.duplicate_receipts,
            en_route=random.random() < settings.en_route_receipts,
            late=not early and self._happens(settings.late_receipts, number, f"late {place}"),
            error=self._err(number, place) if state != "DELIVERED" else "",
            malformation=self._malformation(number, place),
            form=self._form(number, place),
            stray=self._happens(settings.unknown_id_receipts, number, f"stray {place}"),
            garbled=self._happens(settings.malformed_pdus, number, f"garbled {place}"),
            answer_lost=self._happens(settings.lost_answers, number, f"answer lost {place}"),
            answer_halved=self._happens(settings.half_answers, number, f"answer halved {place}"),
        )

    def first_try(self, number: str, message: int, part: int) -> int:
        """The temporary status that the first try of a part is refused with, or 0."""
        place = f"{message}.{part}"
        if self._happens(self._knobs.now.throttled, number, f"throttle {place}"):
            return Status.THROTTLED
        return self._error(number, f"error {place}", temporary=True)

    def loses_request(self, number: str, message: int, part: int) -> bool:
        """Whether the first submit_sm of a part is lost on its way."""
        return self._happens(self._knobs.now.lost_requests, number, f"request lost {message}.{part}")

    def _happens(self, share: float, number: str, purpose: str) -> bool:
        return share > 0 and self.random(number, purpose).random() < share

    def _error(self, number: str, purpose: str, *, temporary: bool) -> int:
        mix = self._knobs.now.errors
        if not mix.shares:
            return 0
        status = int(mix.draw(self.random(number, purpose).random()) or "0", 0)
        return status if (status in TEMPORARY) == temporary else 0

    def _err(self, number: str, place: str) -> str:
        mix = self._knobs.now.receipt_errors
        return mix.draw(self.random(number, f"err {place}").random()) if mix.shares else ""

    def _form(self, number: str, place: str) -> str:
        mix = self._knobs.now.receipt_forms
        return mix.draw(self.random(number, f"form {place}").random()) if mix.shares else ""

    def _malformation(self, number: str, place: str) -> str:
        if not self._happens(self._knobs.now.malformed_receipts, number, f"malformed {place}"):
            return ""
        return self.random(number, f"malformation {place}").choice(MALFORMATIONS)

    def _draw_state(self, random: Random) -> str:
        draw, settings = random.random(), self._knobs.now
        for share, state in (
            (settings.failed, random.choice(_FAILURES)),
            (settings.expired, "EXPIRED"),
            (settings.unknown, "UNKNOWN"),
        ):
            if draw < share:
                return state
            draw -= share
        return "DELIVERED"
