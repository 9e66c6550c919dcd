"""Listening sockets, and which port is whose: opened by the commands before anything is served, or a process is started."""

import errno
import socket
from contextlib import suppress
from dataclasses import dataclass

from linksvc.errors import ConfigurationError, RicochetError

WEB_PORT = 8000
TRACKER_PORT = 8001
DASHBOARDS_PORT = 8002
"""Of the pages alone; with the API they are at WEB_PORT."""
TRACKER_INTERNAL_PORT = 9101
"""Of the first tracker's internal listener; further trackers of the host take the next ones."""
INGEST_INTERNAL_PORT = 9191

PORTS_TRIED = 100
HIGHEST_PORT = 65_535


class PortTaken(RicochetError):
    """Another one may be free."""


@dataclass(frozen=True)
class Internal:
    """Where a process's internal listener shall be. A port of None takes the first free one from its usual number on."""

    host: str
    port: int | None = None

    def listen(self, otherwise: int, nth: int = 0) -> socket.socket:
        """The socket of the n-th process beside each other: on consecutive ports, if one was given.

        Raises RicochetError when it is taken.
        """
        port = self.port + nth if self.port else self.port
        if port and port > HIGHEST_PORT:
            raise ConfigurationError(f"The internal listener: there is no port {port}. Choose a lower one to begin with.")
        try:
            return listen(self.host, port, otherwise)
        except RicochetError as error:
            raise RicochetError(f"The internal listener: {error}") from error


def parse_internal(text: str, host: str) -> Internal | None:
    """Reads HOST:PORT, [HOST]:PORT, or a port alone, on `host` then; None for `off`. Raises ConfigurationError."""
    if text == "off":
        return None
    name, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= HIGHEST_PORT):
        raise ConfigurationError(
            f"--internal: “{text}” is no address. Write a port, HOST:PORT, or off, for example 127.0.0.1:9101."
        )
    return Internal(name.strip("[]") or host, int(port))


def listen(host: str, port: int | None, otherwise: int) -> socket.socket:
    """A listening socket on `port`, or on the first free one from `otherwise` on (0: any) when none was given.

    Raises RicochetError when the given port is taken, or there is no such host here.
    """
    if port is not None:
        return _bind(host, port)
    for candidate in [otherwise] if otherwise == 0 else range(otherwise, otherwise + PORTS_TRIED):
        with suppress(PortTaken):
            return _bind(host, candidate)
    raise RicochetError(f"No free port on {host} from {otherwise} to {otherwise + PORTS_TRIED - 1}.")


def address_of(listener: socket.socket) -> str:
    """The http address of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    # A restarted service must not wait for old connections to be forgotten.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Two processes may both have bound the port by now: who listens first has it.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        kind = PortTaken if error.errno in (errno.EADDRINUSE, errno.EACCES) else RicochetError
        raise kind(f"Port {port} on {host} cannot be used: {error.strerror}. Choose another one.") from error
    return listener
