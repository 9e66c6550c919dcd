"""What is simulated: an SMSC's account, how it writes ids, how often what goes wrong; how fast it and the people are.

Shares run from 0 to 1 and are drawn by (seed, number), so that the same seed does the same to the same people however
the messages arrive. Delays are divided by `speed`; protocol time-outs are not.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random


@dataclass(frozen=True)
class Delay:
    """A delay in seconds: log-normal around its median, as networks and people are, and never longer than `most_s`."""

    median_s: float
    most_s: float
    spread: float = 0.6

    def draw(self, random: Random) -> float:
        return min(self.most_s, self.median_s * random.lognormvariate(0.0, self.spread))


class IdForm(StrEnum):
    """How a message id is written. Answer and receipt of one SMSC often disagree."""

    HEX = "hex"
    HEX_CAPITALS = "hex_capitals"
    HEX_PADDED = "hex_padded"
    DECIMAL = "decimal"
    DECIMAL_PADDED = "decimal_padded"

    def write(self, value: int) -> str:
        """The id in this form; padded ones have 16 (hex) or 20 (decimal) digits."""
        return {
            IdForm.HEX: f"{value:x}",
            IdForm.HEX_CAPITALS: f"{value:X}",
            IdForm.HEX_PADDED: f"{value:016x}",
            IdForm.DECIMAL: f"{value:d}",
            IdForm.DECIMAL_PADDED: f"{value:020d}",
        }[self]


@dataclass(frozen=True)
class SmscSettings:
    """See the module. `system_id` and `password` are those of the one account."""

    system_id: str = "ricochet"
    password: str = "secret"  # noqa: S105 - of a simulated account.
    seed: int = 1
    speed: float = 1.0

    answer_delay: Delay = Delay(0.015, most_s=0.2)
    """From a submit_sm to its answer."""
    delivery_delay: Delay = Delay(0.8, most_s=4.0)
    """From a message's last answer to the phone."""
    receipt_delay: Delay = Delay(0.1, most_s=1.0)
    """From the phone to the receipt."""

    refused: float = 0.02
    """Messages refused for good, with a status of their own."""
    throttled: float = 0.004
    """Parts refused once with ESME_RTHROTTLED, then taken."""
    failed: float = 0.04
    expired: float = 0.02
    unknown: float = 0.02
    missing_receipts: float = 0.03
    """Messages of which some part never gets a receipt."""
    arriving_anyway: float = 0.4
    """Of the messages that failed, expired, are unknown or unreported: those that the phone got all the same."""
    early_receipts: float = 0.10
    """Parts whose receipt comes before their answer."""
    duplicate_receipts: float = 0.06
    en_route_receipts: float = 0.05
    """Parts of which an intermediate receipt tells that they are on their way."""

    answer_id: IdForm = IdForm.HEX_CAPITALS
    receipt_id: IdForm = IdForm.DECIMAL_PADDED
    """In the receipt's text."""
    tlv_id: IdForm | None = IdForm.HEX
    """In receipted_message_id; None: receipts carry no optional parameters."""
    first_id: int | None = None
    """None: the clock's milliseconds, so that a restarted SMSC does not give the same ids again."""

    max_binds: int = 4
    """Connections bound at once; one more is answered ESME_RALYBND."""
    window: int = 50
    """Unanswered submit_sm a connection may have; one more is throttled."""
    delivery_window: int = 10
    """Unanswered deliver_sm a connection gets."""
    redeliver_after_s: float = 10.0
    """A deliver_sm without an answer is sent again after this long."""
    retry_after_s: float = 0.5
    """One with a temporary error, after this long."""
    bind_within_s: float = 10.0
    enquire_every_s: float = 30.0
    """An idle connection is asked whether it lives; without an answer until the next time it is closed."""


@dataclass(frozen=True)
class Pace:
    """How long people and machines take. Divided by the simulation's speed too, but for `quickest_s`."""

    machine: Delay = Delay(0.3, most_s=1.5)
    """From the phone's getting the message to a preview or a scanner."""
    reading: Delay = Delay(1.0, most_s=4.0)
    """To the first click, after `quickest_s`."""
    repeating: Delay = Delay(0.6, most_s=2.0)
    """From click to click."""
    buying: Delay = Delay(1.0, most_s=3.0)
    """From the last click, or from reading, to the till."""
    answering: Delay = Delay(1.2, most_s=4.0)
    quickest_s: float = 3.0
    """Nobody takes up a phone, reads and clicks sooner, however fast the rest is played: what is faster is taken for a
    machine, by those who judge clicks."""
