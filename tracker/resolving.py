"""From a path to the link it opens: of what is known, else by asking. For the redirect and for what pages send back."""

from dataclasses import dataclass
from enum import StrEnum

from linksvc.addresses import Caller, CallerNetworks
from linksvc.guessing import Guessing
from linksvc.short_codes import LENGTH, ShortCodes
from tracker.block_watch import BlocksUnreachable, BlockWatch
from tracker.blocks import Block
from tracker.destinations import Destination
from tracker.hosts import EVERYBODY
from tracker.requests import Headers
from tracker.responses import Scope

GLUED = ".,;:!?)]}>'\"/\\ \t\r\n\v\f\u00a0\u202f\u200b\u2026\u2019\u201d\u00bb*\uff09\uff3d\u3002\uff0c\uff01\uff1f"
"""What SMS clients and people take for a part of a link; no code holds any of it."""

LONGEST = 4 * LENGTH
"""Characters; what is longer is no code, however much is glued to it."""

Found = tuple[Block, int]
"""A block and the serial in it."""


class Refusal(StrEnum):
    """Why a path opens nothing, as answers are counted."""

    UNKNOWN = "unknown"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Opened:
    """A link and who asks for it. `code` is without what was glued to it."""

    code: str
    block: Block
    serial: int
    destination: Destination
    caller: Caller

    @property
    def message(self) -> int:
        """The message that it was sent with, whoever may know it."""
        return self.block.message_of(self.serial)

    @property
    def named(self) -> int | None:
        """Whom it names; nobody where the recipients did not consent to tracking."""
        return self.block.n_of(self.serial)


class Resolver:
    def __init__(self, codes: ShortCodes, watch: BlockWatch, networks: CallerNetworks, guessing: Guessing) -> None:
        self._codes = codes
        self._watch = watch
        self._networks = networks
        self._guessing = guessing

    async def resolve(self, scope: Scope, headers: Headers, code: str) -> Opened | Refusal:
        """What a code, percent-decoded once, opens for whoever asks; networks that guess are slowed down."""
        owner = self._watch.known.hosts.owner(headers.get(b"host", b""))
        if owner is None:
            return Refusal.UNKNOWN
        peer = scope.get("client")
        caller = self._networks.find(peer[0] if peer else "", headers.get(b"x-forwarded-for", b""))
        if self._guessing.refuses(caller.subnet):
            return Refusal.THROTTLED
        try:
            clean, found = await self._find(code)
        except BlocksUnreachable:
            return Refusal.UNAVAILABLE
        destination = self._watch.known.destination(found[0]) if found else None
        if found is None or destination is None or owner not in (EVERYBODY, destination.workspace_id):
            self._guessing.missed(caller.subnet)
            return Refusal.UNKNOWN
        self._guessing.found(caller.subnet)
        return Opened(clean, *found, destination, caller)

    def open(self, code: bytes) -> Found | None:
        """What a code as it stands opens, of what is known."""
        opened = self._codes.decode_bytes(code)
        if opened is None:
            return None
        version, serial = opened
        block = self._watch.known.blocks.find(serial)
        return (block, serial) if block and block.key_version == version else None

    async def _find(self, code: str) -> tuple[str, Found | None]:
        # What is beyond ASCII becomes what no code holds.
        found = self.open(code.encode("ascii", "replace"))
        if found is None and len(code) <= LONGEST:
            return await self._search(code)
        return code, found

    async def _search(self, path: str) -> tuple[str, Found | None]:
        """Looks further: for what is newer than what is known, and without what was glued to the code."""
        for candidate in dict.fromkeys((path, path.rstrip(GLUED))):
            if (opened := self._codes.decode(candidate)) is not None:
                version, serial = opened
                block = await self._watch.find(serial)
                if block and block.key_version == version:
                    return candidate, (block, serial)
        return path, None
