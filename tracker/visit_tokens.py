"""The token of a visit to a page elsewhere: which hit brought somebody there. It travels in the address, so it is encrypted.

The redirect puts it into the fragment, which browsers send to nobody; the snippet (`tracker.snippet`) takes it out again and
sends it back with what happens on the page. Who finds one learns nothing from it, and after a day nobody can use it.

Fernet takes six megabytes, which a tracker does without whose links lead to no page that tells: `load` imports it
beforehand, else the first token does.
"""

import struct
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from linksvc.errors import Forbidden
from tracker.evidence import LIFETIME, Arrival, HitRef

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

NAME = b"rk"
"""What the token is called in the fragment."""

_LAYOUT = struct.Struct(">BQQQ16sQQ")
"""The layout's number, campaign, link, n, segment, position, and the milliseconds at which it was issued."""

_LAYOUT_NUMBER = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class VisitElsewhere:
    """A visit by a link to a page of the marketer's own."""

    visit: Arrival
    link_id: int


class VisitTokens:
    """Issues and opens tokens. `keys` of 32 bytes, oldest first (`Keyring.visit_tokens`): the last one encrypts, each of
    them opens."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    def load(self) -> None:
        """Makes ready what tokens are encrypted with, so that no visitor waits for it."""
        _ = self._box

    @cached_property
    def _box(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in reversed(self._keys)])

    def issue(self, hit: HitRef, link_id: int, at: datetime) -> bytes:
        """The hit's token, of characters that need no escaping in an address."""
        issued = (at - _EPOCH) // _MILLISECOND
        packed = _LAYOUT.pack(_LAYOUT_NUMBER, hit.campaign_id, link_id, hit.n, hit.segment.bytes, hit.position, issued)
        return self._box.encrypt(packed).rstrip(b"=")

    def open(self, token: str, now: datetime) -> VisitElsewhere:
        """The visit that the token was issued for. Raises Forbidden: `visit_token_invalid` for what is no token of ours or
        was changed, `visit_token_expired` after LIFETIME."""
        from cryptography.fernet import InvalidToken

        try:
            packed = _LAYOUT.unpack(self._box.decrypt(token.encode("ascii") + b"=" * (-len(token) % 4)))
        except (InvalidToken, ValueError, struct.error):
            raise _invalid() from None
        layout, campaign_id, link_id, n, segment, position, issued = packed
        if layout != _LAYOUT_NUMBER:
            raise _invalid()
        began_at = _EPOCH + issued * _MILLISECOND
        if now - began_at > LIFETIME:
            raise Forbidden("The visit is over: the page was opened more than a day ago.", code="visit_token_expired")
        return VisitElsewhere(Arrival(HitRef(campaign_id, n, UUID(bytes=segment), position), began_at), link_id)


def _invalid() -> Forbidden:
    return Forbidden("This is no token of a visit; it may have been cut or changed.", code="visit_token_invalid")


def with_token(location: bytes, token: bytes) -> bytes:
    """The address with the token at the end of its fragment, behind a fragment that it has already."""
    joint = b"&" if b"#" in location else b"#"
    return location + joint + NAME + b"=" + token
