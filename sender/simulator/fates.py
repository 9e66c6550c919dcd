"""What becomes of a message and of each of its parts: decided by (seed, number) alone, never by the clock."""

from dataclasses import dataclass
from random import Random

from sender.pdus import Status
from sender.simulator.settings import SmscSettings

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
    """`state` is what the receipt says, empty if there will be none."""

    state: str
    early: bool
    duplicated: bool
    en_route: bool


class Fates:
    """Draws fates. `message` counts the messages to a number from 0."""

    def __init__(self, settings: SmscSettings) -> None:
        self._settings = settings

    def random(self, number: str, purpose: str) -> Random:
        """A source of chance of its own for each number and purpose."""
        return Random(f"{self._settings.seed}:{number}:{purpose}")  # noqa: S311 - chance in a story, no secret.

    def of_message(self, number: str, message: int) -> MessageFate:
        random, settings = self.random(number, f"message {message}"), self._settings
        refusal = random.choice(_REFUSALS) if random.random() < settings.refused else 0
        state = self._draw_state(random)
        reported = random.random() >= settings.missing_receipts
        arrives = (state == "DELIVERED" and reported) or random.random() < settings.arriving_anyway
        return MessageFate(refusal, state, reported, arrives)

    def of_part(self, number: str, message: int, part: int, parts: int) -> PartFate:
        """One part's. In a bad message one part at least has the bad end; in an unreported one, one lacks its receipt."""
        whole, settings = self.of_message(number, message), self._settings
        marked = self.random(number, f"worst part {message}").randrange(parts) + 1
        random = self.random(number, f"part {message}.{part}")
        worst = part == marked or random.random() < 0.5
        state = whole.state if worst else "DELIVERED"
        return PartFate(
            # A bad receipt tells the whole message's end, so only a good message can lack one and stay open.
            state="" if worst and not whole.reported and whole.state == "DELIVERED" else state,
            early=random.random() < settings.early_receipts,
            duplicated=random.random() < settings.duplicate_receipts,
            en_route=random.random() < settings.en_route_receipts,
        )

    def throttles(self, number: str, message: int, part: int) -> bool:
        """Whether the first try of a part is throttled."""
        return self.random(number, f"throttle {message}.{part}").random() < self._settings.throttled

    def _draw_state(self, random: Random) -> str:
        draw, settings = random.random(), self._settings
        for share, state in (
            (settings.failed, random.choice(_FAILURES)),
            (settings.expired, "EXPIRED"),
            (settings.unknown, "UNKNOWN"),
        ):
            if draw < share:
                return state
            draw -= share
        return "DELIVERED"
