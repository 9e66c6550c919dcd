"""What passes between the sender's modules on the way out: open campaigns, messages ready to leave, their fragments."""

from dataclasses import dataclass
from datetime import datetime

from sender.long_forms import Part

ACCEPTED, REFUSED, RETRY, UNKNOWN = "accepted", "refused", "retry", "unknown"
"""What became of an attempt; `marked` before any of them."""


@dataclass(frozen=True, slots=True)
class OpenCampaign:
    """A campaign whose messages may leave now."""

    id: int
    workspace_id: int
    kind: str
    sender: str
    text: str
    rate_per_s: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is ours to send."""

    n: int
    contact_id: int
    number: str
    code: str


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
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """One fragment (from 1) of a message, handed over for the `attempt`-th time (from 1)."""

    message: Outgoing
    part: int
    attempt: int

    @property
    def source(self) -> str:
        """The name of the facts about it."""
        return f"{self.message.n}.{self.part}.{self.attempt}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a submission. `smsc_id` as the SMSC wrote it."""

    submission: Submission
    outcome: str
    status: int
    smsc_id: str
    at: datetime
