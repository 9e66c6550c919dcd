"""The way to an SMSC: TCP over IPv4 or IPv6, bare or within TLS whose certificate is verified. For `sender.connection`."""

import asyncio
import os
import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from linksvc.errors import ConfigurationError
from sender.session_errors import Unreachable

TLS_GOODBYE_S = 1.0
"""How long a peer has to close TLS in order."""

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Account:
    """Where to bind, and as whom. `bind_type`: transceiver, or pair (a transmitter and a receiver).

    With `tls` the certificate must be for `tls_name` (empty: for the host), and be signed by `authority`, a PEM file
    (None: by an authority that this machine trusts).
    """

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    bind_type: str = "transceiver"
    tls: bool = False
    tls_name: str = ""
    authority: Path | None = None

    @property
    def address(self) -> str:
        """Host and port as people write them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def connect(account: Account, within_s: float) -> Stream:
    """A connection to the account's SMSC. Each address of its host has `within_s` seconds.

    Raises Unreachable, and ConfigurationError when the authority's file cannot be used.
    """
    context = _tls_context(account.authority) if account.tls else None
    failure: Exception = OSError("the host has no address")
    try:
        addresses = await _resolve(account, within_s)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise Unreachable(f"No connection to {account.address}: {_words(error)}.") from error
    for address in addresses:
        try:
            async with asyncio.timeout(within_s):
                return await _open(account, address, context)
        except (OSError, TimeoutError) as error:
            failure = error
    raise Unreachable(f"No connection to {account.address}: {_words(failure)}.") from failure


async def _resolve(account: Account, within_s: float) -> list[str]:
    async with asyncio.timeout(within_s):
        found = await asyncio.get_running_loop().getaddrinfo(account.host, account.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _open(account: Account, address: str, context: ssl.SSLContext | None) -> Stream:
    if context is None:
        stream = await asyncio.open_connection(address, account.port)
    else:
        name = account.tls_name or account.host
        stream = await asyncio.open_connection(
            address, account.port, ssl=context, server_hostname=name, ssl_shutdown_timeout=TLS_GOODBYE_S
        )
    # Without it an SMSC that acknowledges late holds the next PDU back for 40 ms (RFC 896).
    stream[1].get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def _tls_context(authority: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later; the certificate's chain and name are verified, as is the default."""
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The authority's certificate {authority} cannot be read ({_words(error)}): a file in PEM form is needed."
        ) from error


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message.rstrip('.')})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS with it ({error.reason or 'the handshake failed'})"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return (str(error) or "it timed out").rstrip(".")
