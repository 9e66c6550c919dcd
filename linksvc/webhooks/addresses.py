"""Where webhooks may be sent: to the internet, never into somebody's own network.

An endpoint's address is looked at when it is written, so that a mistake is told at once. What counts is the check when a
connection is made (`Network`): a name may lead anywhere, and elsewhere the next time.
"""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NoReturn

import httpcore2
import httpx2

from linksvc.errors import FieldError, InvalidRequest
from linksvc.hosts import UnreachableHost, check_host, is_public

MOST_CHARACTERS = 2_048

TRIED_MOST = 4
"""Addresses of one name."""

Networks = Sequence[IPv4Network | IPv6Network]
"""Those of the operator's own that may be sent to: RICOCHET_WEBHOOK_NETWORKS."""


class AddressRefused(httpcore2.ConnectError):
    """The name leads to no address that may be sent to."""


def check_url(url: str, own: Networks) -> str:
    """The address of an endpoint as it is stored, in ASCII. Raises InvalidRequest (webhook_url_invalid)."""
    url = url.strip(" ")
    if len(url) > MOST_CHARACTERS or any(c.isspace() or not c.isprintable() for c in url) or "\\" in url:
        _refuse(f"It has at most {MOST_CHARACTERS:,} characters, none of them a space, a backslash or invisible.")
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        _refuse("It is no web address. Right would be: https://shop.example/webhooks")
    if parsed.scheme not in (("https", "http") if own else ("https",)) or not parsed.host:
        _refuse(_beginning(parsed.scheme, own))
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        _refuse("It names a port that there is not.")
    if parsed.userinfo or parsed.fragment:
        _refuse("It names a user, a password or a fragment, none of which is sent. Put a token into the path or the query.")
    try:
        check_host(parsed.host)
    except UnreachableHost as error:
        # A name of the operator's own network is looked at when a connection is made.
        if not own:
            _refuse(str(error))
    return str(parsed)


def _beginning(scheme: str, own: Networks) -> str:
    """How an address is to begin."""
    if own:
        return "It must begin with https:// or http:// and a host name."
    told = "It must begin with https:// and a host name."
    if scheme != "http":
        return told
    return f"{told} http:// is taken where RICOCHET_WEBHOOK_NETWORKS names networks of your own; here it names none."


def _refuse(reason: str) -> NoReturn:
    raise InvalidRequest(
        f"The address of the webhook cannot be used. {reason}",
        code="webhook_url_invalid",
        errors=(FieldError("url", reason),),
    )


class Network(httpcore2.AsyncNetworkBackend):
    """Connections to addresses that may be sent to: a name is resolved once, and the very address that passed is connected
    to. `public`: the internet may be sent to; else the `own` networks alone."""

    def __init__(self, own: Networks, *, public: bool) -> None:
        self._own = own
        self._public = public
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises AddressRefused, and what a connection raises."""
        failure: Exception = AddressRefused("the name leads to no address that may be sent to")
        for address in await self._addresses(host, port):
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore2.ConnectError as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        """Those of the host that may be connected to."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("the name cannot be resolved") from error
        # A scope (fe80::1%eth0) names a link of this machine; such an address is no public one.
        addresses = dict.fromkeys(ip_address(str(address[0]).partition("%")[0]) for *_, address in found)
        return [address for address in addresses if self.may_reach(address)][:TRIED_MOST]

    def may_reach(self, address: IPv4Address | IPv6Address) -> bool:
        return (self._public and is_public(address)) or any(address in network for network in self._own)
