"""What an operation of the API is, and what its handler gets and gives. Routes and the OpenAPI document are made from it.

A handler is a plain function that parses nothing: it opens a transaction, calls one domain function and answers. It runs in
the thread pool, because sessions are synchronous.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel
from sqlalchemy import Engine

from linksvc.api.limits import Limits
from linksvc.api_keys import Caller
from linksvc.clock import Clock
from linksvc.code_attempts import Attempter
from linksvc.code_worth import Refusal
from linksvc.gathering import Names, OwnName, nothing, unique
from linksvc.keys import Keyring
from linksvc.public_ids import DRAWN_PREFIXES, DrawnKind, Kind
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks

Body = TypeVar("Body")
Query = TypeVar("Query")
Found = TypeVar("Found")

BODY_MOST_BYTES = 262_144

LINES_MOST = 10_000
"""Of an NDJSON body. A busy till makes a few hundred redemptions a day."""

NDJSON = "application/x-ndjson"

NOBODY = Caller(workspace_id=0, key_id=0, shop_id=None, scopes=frozenset())
"""The caller of an operation that is open to everybody."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What every handler stands on; built once, by `create_api`."""

    engine: Engine
    settings: Settings
    keyring: Keyring
    short_links: ShortLinks
    clock: Clock
    limits: Limits


@dataclass(frozen=True, slots=True)
class Upload:
    """The file of a multipart form. Its name is the sender's word: one printable line, nothing more is known."""

    file_name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Call(Generic[Body, Query]):
    """A request whose caller is known, allowed to ask, and whose every part was checked."""

    installation: Installation
    caller: Caller
    body: Body
    """An instance of the operation's `body`, or lines that are to be read as such; None without one."""
    query: Query
    """An instance of the operation's `query`; None without one."""
    ids: Mapping[str, int]
    """The numbers behind the public ids of the path, by the name they have in it: `campaign_id`."""
    drawn_ids: Mapping[str, str]
    """The ids of the path that are no numbers: `redemption_id`."""
    upload: Upload
    """The file of a multipart operation, or a raw body; empty otherwise."""
    headers: Mapping[str, str]
    """Those that the operation asks for and that were sent."""
    idempotency_key: str
    """Empty when none was sent, or none is taken."""
    request_id: str
    network: str
    """The caller's /24 or /64; empty where it is not known."""
    method: str
    path: str
    status: int
    """What a success is answered with."""

    @property
    def engine(self) -> Engine:
        return self.installation.engine

    @property
    def settings(self) -> Settings:
        return self.installation.settings

    @property
    def keyring(self) -> Keyring:
        return self.installation.keyring

    @property
    def short_links(self) -> ShortLinks:
        return self.installation.short_links

    @property
    def clock(self) -> Clock:
        return self.installation.clock

    @property
    def workspace_id(self) -> int:
        return self.caller.workspace_id

    def now(self) -> datetime:
        return self.installation.clock()

    @property
    def attempter(self) -> Attempter:
        return Attempter(self.caller.key_id, self.caller.shop_id, self.network)

    def try_code(self, ask: Callable[[], Found | Refusal]) -> Found | Refusal:
        """What `ask` says of a code that the caller typed: every look at one goes through here, so that guessing is slowed
        down. Raises TooManyRequests (`too_many_wrong_codes`) instead of asking."""
        return self.installation.limits.attempts.ask(self.attempter, ask)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer whose bytes are there already: a stored one that is given again, or a small file."""

    status: int
    body: bytes
    media_type: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Download:
    """A file, made while it is sent."""

    file_name: str
    media_type: str
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Streamed:
    """Lines that are sent as each is made."""

    lines: Iterable[bytes]


Given = BaseModel | Prepared | Download | Streamed


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that an operation documents: the problem's status and code, and when it comes."""

    status: int
    code: str
    meaning: str
    retryable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    A path parameter is called after the kind of public id it holds: `{campaign_id}`. What every operation of its sort
    may answer (no key, a missing scope, a wrong body) is documented by itself; `failures` are the operation's own.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    name: str
    """The OpenAPI operationId."""
    summary: str
    description: str = ""
    tag: str
    scope: str | None
    """The scope a key must have; None: open to everybody, without a key."""
    handler: Callable[[Call[Any, Any]], Given]
    group: Callable[[Sequence[Call[Any, Any]]], Sequence[Given | Exception | None]] | None = None
    """Does several calls of the same moment at once: an answer or an exception for each; None for those that the handler is
    to do alone afterwards. It asks whether their keys still open, as `linksvc.api.together` does."""
    group_names: Names[Call[Any, Any]] = nothing
    """What a call's group has to itself while another one is under way: see `linksvc.gathering`."""
    group_own_name: OwnName[Call[Any, Any]] = unique
    """What no two calls of a group have in common."""
    body: type[BaseModel] | None = None
    """A `Payload`; with `multipart` the `Parameters` beside the file."""
    body_optional: bool = False
    """A request without a body is one with an empty object."""
    body_most_bytes: int = BODY_MOST_BYTES
    """Of JSON and lines; of a form the settings say it."""
    body_lines: bool = False
    """The body is NDJSON, a `body` a line; the handler gets the lines as they came, as a tuple of bytes."""
    body_raw: bool = False
    """The body is JSON that the handler reads by itself: what is signed are its bytes, which it gets as the upload."""
    headers: tuple[str, ...] = ()
    """Names, in lower case, of the headers that the handler gets."""
    multipart: bool = False
    """The body is a multipart form with one file in the part `file`."""
    file_most_bytes: int | None = None
    """Of that file; None: the settings say it."""
    query: type[BaseModel] | None = None
    idempotency_key: Literal["none", "optional", "required"] = "none"
    """Whether a header Idempotency-Key is taken: the answer is kept and given again (`linksvc.api.once`). Every POST that
    changes something takes one; what a till asks for cannot do without."""
    tries_codes: bool = False
    """It looks up codes as they were typed (`Call.try_code`), so it refuses who guesses."""
    status: int = 200
    answer: type[BaseModel] | None
    """None: a file of the media type below."""
    media_type: str = "application/json"
    failures: tuple[Failure, ...] = ()

    @property
    def path_ids(self) -> dict[str, Kind]:
        """The parameters of the path that are numbered ids, and the kind of each."""
        kinds: Any = {name: kind for name, kind in self._path_kinds.items() if kind not in DRAWN_PREFIXES}
        return dict(kinds)

    @property
    def path_drawn_ids(self) -> dict[str, DrawnKind]:
        """As `path_ids`, those that are no numbers."""
        kinds: Any = {name: kind for name, kind in self._path_kinds.items() if kind in DRAWN_PREFIXES}
        return dict(kinds)

    @property
    def _path_kinds(self) -> dict[str, str]:
        return {name: name.removesuffix("_id") for name in re.findall(r"{(\w+)}", self.path)}
