"""A whole installation on one machine: its processes, their ports, and the addresses they are reached at."""

import socket
from dataclasses import dataclass

from linksvc.settings import Settings
from ricochet.supervisor import Part, Supervisor, address_of, listen

WEB_PORT = 8000
TRACKER_PORT = 8001


@dataclass(frozen=True)
class Ports:
    """Where to listen. A port of None takes the first free one from its usual number on; `any_port` takes any."""

    host: str = "127.0.0.1"
    web: int | None = None
    tracker: int | None = None
    any_port: bool = False


@dataclass
class Stack:
    """Started processes. `settings` are those the processes were given: their addresses filled in."""

    settings: Settings
    supervisor: Supervisor
    listeners: tuple[socket.socket, ...]

    def stop(self) -> list[str]:
        """Ends the processes; returns the names of those that did not end as they should."""
        unclean = self.supervisor.stop()
        for listener in self.listeners:
            listener.close()
        return unclean


def start_stack(settings: Settings, ports: Ports, secrets: dict[str, str]) -> Stack:
    """Starts web, tracker, worker and sender. `secrets` go into the processes' environment (route passwords).

    An address that the settings do not name becomes that of the socket.
    """
    web = listen(ports.host, ports.web, 0 if ports.any_port else WEB_PORT)
    tracker = listen(ports.host, ports.tracker, 0 if ports.any_port else TRACKER_PORT)
    named = settings.model_fields_set
    found = {
        "public_url": settings.public_url if "public_url" in named else address_of(web),
        "short_url": settings.short_url if "short_url" in named else address_of(tracker),
    }
    settings = settings.model_copy(update=found)
    parts = (
        Part("web", ("serve", "web", "--fd", "{fd}"), web),
        Part("tracker", ("serve", "tracker", "--fd", "{fd}"), tracker),
        Part("worker", ("work",)),
        Part("sender", ("send",)),
    )
    supervisor = Supervisor(parts, environment_of(settings) | secrets, settings.data_dir / "logs")
    supervisor.start()
    return Stack(settings, supervisor, (web, tracker))


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment that gives another process these settings."""
    given = {
        "RICOCHET_DATA_DIR": str(settings.data_dir.absolute()),
        "RICOCHET_DATABASE_URL": settings.database_url,
        "RICOCHET_PUBLIC_URL": settings.public_url,
        "RICOCHET_SHORT_URL": settings.short_url,
    }
    if settings.secret_key_file:
        given["RICOCHET_SECRET_KEY_FILE"] = str(settings.secret_key_file.absolute())
    if secret := settings.secret_key.get_secret_value():
        given["RICOCHET_SECRET_KEY"] = secret
    return given
