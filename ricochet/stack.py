"""A whole installation on one machine: its processes, their ports, and the addresses they are reached at."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from linksvc.settings import Settings
from ricochet.installation import environment_of
from ricochet.sockets import (
    INGEST_INTERNAL_PORT,
    TRACKER_INTERNAL_PORT,
    TRACKER_PORT,
    WEB_PORT,
    Internal,
    address_of,
    listen,
)
from ricochet.supervisor import Part, Supervisor
from ricochet.trackers import tracker_parts


@dataclass(frozen=True)
class Ports:
    """Where to listen. A port of None takes the first free one from its usual number on; `any_port` takes any."""

    host: str = "127.0.0.1"
    web: int | None = None
    tracker: int | None = None
    any_port: bool = False

    def of_web(self) -> socket.socket:
        return listen(self.host, self.web, self._from(WEB_PORT))

    def of_trackers(self) -> socket.socket:
        return listen(self.host, self.tracker, self._from(TRACKER_PORT))

    def internal(self, host: str, usual: int) -> socket.socket:
        return Internal(host).listen(self._from(usual))

    def _from(self, usual: int) -> int:
        return 0 if self.any_port else usual


@dataclass
class Stack:
    """Started processes. `settings` are those the processes were given: their addresses filled in. `internal` are the
    internal listeners by the name of their process."""

    settings: Settings
    supervisor: Supervisor
    internal: Mapping[str, socket.socket]

    def stop(self) -> list[str]:
        """Ends the processes; returns the names of those that did not end as they should."""
        unclean = self.supervisor.stop()
        for part in self.supervisor.parts:
            for listener in part.listeners.values():
                listener.close()
        return unclean


def start_stack(settings: Settings, ports: Ports, secrets: Mapping[str, str], trackers: int = 1) -> Stack:
    """Starts web, trackers, ingest, worker and sender. `secrets` go into the processes' environment (route passwords).

    An address that the settings do not name becomes that of the socket.
    """
    web, short = ports.of_web(), ports.of_trackers()
    named = settings.model_fields_set
    found = {
        "public_url": settings.public_url if "public_url" in named else address_of(web),
        "short_url": settings.short_url if "short_url" in named else address_of(short),
    }
    host = settings.internal_host
    internals = [ports.internal(host, TRACKER_INTERNAL_PORT) for _ in range(trackers)]
    ingest = ports.internal(host, INGEST_INTERNAL_PORT)
    parts = (
        Part("web", ("serve", "web", "--fd", "{public}"), {"public": web}),
        *tracker_parts(short, internals),
        Part("ingest", ("ingest", "--internal-fd", "{internal}"), {"internal": ingest}),
        Part("worker", ("work",)),
        Part("sender", ("send",)),
    )
    settings = settings.model_copy(update=found)
    supervisor = Supervisor(parts, environment_of(settings) | dict(secrets), settings.data_dir / "logs")
    supervisor.start()
    return Stack(
        settings, supervisor, {part.name: part.listeners["internal"] for part in parts if "internal" in part.listeners}
    )
