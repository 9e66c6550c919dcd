"""What passes between the sender's modules on the way out: open campaigns, messages ready to leave, their fragments.

What is made for every message is a named tuple: a frozen dataclass takes three times as long to make."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sender.long_forms import Part

MARKED, ACCEPTED, REFUSED, RETRY, RETRIED = "marked", "accepted", "refused", "retry", "retried"
UNKNOWN, RESENT = "unknown", "resent"
"""What becomes of an attempt: see `linksvc.models.Attempt`."""


@dataclass(frozen=True, slots=True)
class OpenCampaign:
    """A campaign whose messages may leave now."""

    id: int
    workspace_id: int
    kind: str
    sender: str
    text: str
    rate_per_s: int
    expires_at: datetime | None = None


class Claim(NamedTuple):
    """A message that is ours to send."""

    n: int
    contact_id: int
    number: str
    code: str
    country: str = ""
    network: str = ""


@dataclass(eq=False, slots=True)
class Outgoing:
    """A claimed message as it will be submitted, in one part or several.

    `begun`: a fragment has left, or may have; from then on the message is finished, whatever happens.
    """

    campaign: OpenCampaign
    n: int
    contact_id: int
    number: str
    data_coding: int
    payloads: tuple[Part, ...]
    country: str = ""
    network: str = ""
    begun: bool = False
    first_at: datetime | None = None
    """When it was first handed over, or is now."""
    counted_at: datetime | None = None
    """When it was marked last, by the clock: on that day it counts for frequency caps."""
    marked: float | None = None
    """When it was marked last, by the event loop's time; None: it is not."""
    let_go: int = 0
    """How many of its fragments are on their way, their outcome not known to be in vain."""


class Submission(NamedTuple):
    """One fragment (from 1) of a message, handed over for the `attempt`-th time (from 1). `tries`: how often in earnest: an
    attempt that found no session does not count."""

    message: Outgoing
    part: int
    attempt: int
    tries: int = 1

    @property
    def parts(self) -> int:
        return len(self.message.payloads)

    @property
    def source(self) -> str:
        """The name of the facts about it."""
        return f"{self.message.n}.{self.part}.{self.attempt}"


class Answer(NamedTuple):
    """What came of a submission. `smsc_id` as the SMSC wrote it. `cause` is why it was refused (`linksvc.delivery_causes`);
    `price_micros` what it costs if it was accepted, in millionths of the currency's unit."""

    submission: Submission
    outcome: str
    status: int
    smsc_id: str
    at: datetime
    cause: str = ""
    price_micros: int = 0
    currency: str = ""
