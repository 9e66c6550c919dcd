"""Which hosts this tracker answers for, and whose links each serves. Asked by the redirect with every request."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlmodel import Session, col, select

from linksvc.models import ShortDomain

EVERYBODY = 0
"""The owner of the installation's own short domain, which serves every workspace's links."""

MOST_REMEMBERED = 1_000
"""Spellings of the Host header that are remembered; anybody can invent more."""

LONGEST_HEADER = 300
"""Bytes: a name has at most 253 (RFC 1035), and a port."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Domain:
    """A host of a workspace's own; `removed` ones are told so that a tracker forgets them."""

    host: str
    workspace_id: int
    revision: int
    removed: bool


class Hosts:
    """The installation's short domain, and those of workspaces."""

    def __init__(self, short_url: str) -> None:
        host = urlsplit(short_url).hostname or ""
        # Whoever tries it on his own machine may write its name or its address.
        self._owners = dict.fromkeys(_LOOPBACK if host in _LOOPBACK else {host}, EVERYBODY)
        self._own = frozenset(self._owners)
        self._remembered: dict[bytes, int | None] = {}

    def learn(self, domains: Iterable[Domain]) -> None:
        for domain in domains:
            if domain.host in self._own:
                continue
            if domain.removed:
                self._owners.pop(domain.host, None)
            else:
                self._owners[domain.host] = domain.workspace_id
            self._remembered = {}

    def owner(self, header: bytes) -> int | None:
        """The workspace whose links are served under a Host header, or EVERYBODY; None for a host that is not ours."""
        if len(header) > LONGEST_HEADER:
            return None
        try:
            return self._remembered[header]
        except KeyError:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered = {}
            return self._remembered.setdefault(header, self._owners.get(host_of(header)))


def host_of(header: bytes) -> str:
    """The host of a Host header: in lower case, without its port, or the dot that a full name may end with. Empty for what
    is no host and port."""
    text = header.decode("latin-1").strip().lower()
    host, bracket, port = text[1:].partition("]") if text.startswith("[") else (text, "", "")
    if not bracket:
        host, colon, port = text.partition(":")
        port = colon + port
    return host.rstrip(".") if re.fullmatch(r"(:[0-9]*)?", port, re.ASCII) else ""


def read_domains(session: Session, above_revision: int) -> list[Domain]:
    """The domains that came or went after a revision, in its order."""
    rows = session.exec(
        select(ShortDomain).where(col(ShortDomain.revision) > above_revision).order_by(col(ShortDomain.revision))
    )
    return [Domain(row.host, row.workspace_id, row.revision, row.removed_at is not None) for row in rows]
