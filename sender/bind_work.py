"""A bind's claims and marks, each in a transaction of its own that fails once another process has the bind.

For `sender.feed`, which calls them in threads. All raise BindLost and the database's errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine

from linksvc import send_batches
from linksvc.clock import Clock
from linksvc.database import reading
from linksvc.templates import Template
from sender import marks
from sender.binds import Bind, holding
from sender.claims import CLAIM_LASTS, claim_batches, find_due, open_campaigns
from sender.intake import Scope
from sender.long_forms import Writing
from sender.messages import OpenCampaign, Outgoing, Submission
from sender.pdus import Status
from sender.texts import Composer


@dataclass(frozen=True)
class BindWork:
    engine: Engine
    bind: Bind
    clock: Clock
    composer: Composer
    writing: Writing

    def look(self, within: ColumnElement[bool]) -> tuple[list[OpenCampaign], set[int]]:
        """The campaigns that may leave, and which of them have something to claim. `within`: a condition on `send_batch`."""
        with reading(self.engine) as session:
            now = self.clock()
            return open_campaigns(session, now), find_due(session, now, within)

    def claim(self, campaign: OpenCampaign, template: Template, scope: Scope) -> tuple[int, list[Outgoing]]:
        """How many messages were claimed, and those of them that can be sent, rendered."""
        with holding(self.engine, self.bind, self.clock) as session:
            claims = claim_batches(session, campaign.id, self.bind.worker, scope.most, self.clock(), scope.within)
        if not claims:
            return 0, []
        with reading(self.engine) as session:
            composed = self.composer.compose(session, campaign, template, claims, self.writing)
        if composed.too_long:
            with holding(self.engine, self.bind, self.clock) as session:
                status = Status.INVALID_MESSAGE_LENGTH
                marks.refuse(session, self.bind, campaign.id, composed.too_long, status, self.clock())
        return len(claims), composed.messages

    def keep(self, campaign_id: int, messages: Sequence[Outgoing]) -> None:
        """Prolongs the claims of these messages, unless another has them by now."""
        with holding(self.engine, self.bind, self.clock) as session:
            batches = send_batches.find_claimed(session, campaign_id, self.bind.worker, [one.n for one in messages])
            send_batches.claim(session, batches, self.bind.worker, self.clock() + CLAIM_LASTS)

    def free(self, campaign_ids: Sequence[int]) -> None:
        """Gives back what is claimed of these campaigns."""
        with holding(self.engine, self.bind, self.clock) as session:
            send_batches.free(session, campaign_ids, self.bind.worker)

    def mark(self, campaign: OpenCampaign, messages: Sequence[Outgoing]) -> list[Submission]:
        with holding(self.engine, self.bind, self.clock) as session:
            return marks.mark(session, self.bind, campaign, messages, self.clock())

    def mark_again(self, refused: Sequence[Submission]) -> list[Submission]:
        with holding(self.engine, self.bind, self.clock) as session:
            return marks.mark_again(session, self.bind, refused, self.clock())

    def undo(self, messages: Sequence[Outgoing]) -> set[int]:
        with holding(self.engine, self.bind, self.clock) as session:
            return marks.undo(session, self.bind, messages, self.clock())

    def undo_again(self, refused: Sequence[Submission]) -> None:
        with holding(self.engine, self.bind, self.clock) as session:
            marks.undo_again(session, self.bind, refused)

    def renew(self, submission: Submission) -> bool:
        with holding(self.engine, self.bind, self.clock) as session:
            return marks.renew(session, self.bind, submission, self.clock())

    def take_back(self, message: Outgoing) -> None:
        with holding(self.engine, self.bind, self.clock) as session:
            marks.take_back(session, self.bind, message, self.clock())

    def give_up_waiting(self, refused: Sequence[Submission]) -> set[int]:
        with holding(self.engine, self.bind, self.clock) as session:
            return marks.give_up_waiting(session, refused, self.clock())
