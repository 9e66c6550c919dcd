"""Evidence: what somebody does on a page shows that the hit which brought them there was a person's.

Whoever serves a page (landing pages, a snippet on a shop's pages) gives it the token of the hit it answered. Whoever takes
what the page reports opens the token and tells the interaction. The contract:

- An interaction is what only a person does: a button pressed, a field filled in. A view, a scroll or a timer is none, for
  the browsers of scanners do all of that.
- It raises its own hit, whatever is or was judged of it, and no other: a preview of the same link stays a machine's.
- There is no token for the hit of somebody who did not consent to tracking (n None): what they do on the page is not to be
  recorded, and without a token it cannot be.
- The token is signed, not encrypted: it holds numbers that say nothing to anybody else. It belongs into the page or into
  the fragment of its address, never into a query: those end up in logs.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from itsdangerous import BadSignature, Signer
from sqlmodel import Session

from linksvc.errors import Forbidden
from linksvc.facts import NewFact, record
from linksvc.hit_verdicts import source_of
from tracker.verdicts import Verdict

LIFETIME = timedelta(hours=24)
"""How long a page that was left open may still tell what happens on it."""

_PURPOSE = b"ricochet.hit.1"
"""Signed along, so that nothing else signed with the same key is a token; its number is the layout's."""

_LAYOUT = struct.Struct(">QQ16sQQ")
"""Campaign, n, segment, position, and the milliseconds at which it was issued."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class HitRef:
    """A hit that names a message: what an interaction is told of."""

    campaign_id: int
    n: int
    segment: UUID
    position: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A hit, and when it was answered: what happens on its page happens from then on."""

    hit: HitRef
    began_at: datetime


class HitTokens:
    """Issues and opens tokens. `keys`: oldest first (`Keyring.hit_tokens`); the last one signs, each of them opens."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._signer = Signer(list(keys), salt=_PURPOSE, key_derivation="hmac", digest_method=sha256)

    def issue(self, hit: HitRef, at: datetime) -> str:
        """The hit's token, 107 characters that need no escaping in an address."""
        packed = _LAYOUT.pack(hit.campaign_id, hit.n, hit.segment.bytes, hit.position, (at - _EPOCH) // _MILLISECOND)
        return self._signer.sign(urlsafe_b64encode(packed)).decode("ascii")

    def open(self, token: str, now: datetime) -> HitRef:
        """The hit that the token was issued for. Raises Forbidden: `hit_token_invalid` for what is no token of ours or was
        changed, `hit_token_expired` after LIFETIME."""
        return self.visit(token, now).hit

    def visit(self, token: str, now: datetime) -> Arrival:
        """The same, with its time."""
        try:
            packed = _LAYOUT.unpack(urlsafe_b64decode(self._signer.unsign(token.encode("ascii"))))
        except (BadSignature, ValueError, struct.error):
            raise Forbidden(
                "This is no token of a visit; it may have been cut or changed.", code="hit_token_invalid"
            ) from None
        campaign_id, n, segment, position, issued = packed
        began_at = _EPOCH + issued * _MILLISECOND
        if now - began_at > LIFETIME:
            raise Forbidden("The visit is over: the page was opened more than a day ago.", code="hit_token_expired")
        return Arrival(HitRef(campaign_id, n, UUID(bytes=segment), position), began_at)


def tell_interaction(session: Session, hit: HitRef, event_id: str, occurred_at: datetime, recorded_at: datetime) -> None:
    """Records that somebody did on the hit's page what only a person does; the campaign's applier draws the conclusion."""
    record(session, [interaction_of(hit, event_id, occurred_at)], recorded_at)


def interaction_of(hit: HitRef, event_id: str, occurred_at: datetime) -> NewFact:
    """The fact of it. One interaction proves all that more could: the first one is kept, with its event's id, so telling the
    same again, or further ones, changes nothing. It may be told before the hit itself is stored."""
    return NewFact(
        campaign_id=hit.campaign_id,
        kind="interaction",
        source=source_of(str(hit.segment), hit.position),
        n=hit.n,
        occurred_at=occurred_at,
        value=Verdict.HUMAN,
        detail=event_id,
    )
