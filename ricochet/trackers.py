"""Several trackers on one socket: `ricochet serve tracker --workers N`, and the trackers of `ricochet up --trackers N`.

They share the listening socket, so what waits on it is lost with none of them, and the next free one takes it. Each has a
spool segment, a copy of the blocks and an internal listener of its own.
"""

import socket
from collections.abc import Sequence

from linksvc.settings import Settings
from ricochet.installation import environment_of
from ricochet.lifecycle import stop_event
from ricochet.supervisor import Part, Supervisor

CHECKED_EVERY_S = 0.5


def tracker_parts(public: socket.socket, internals: Sequence[socket.socket | None]) -> tuple[Part, ...]:
    """A process for each internal listener (or None instead of one)."""
    names = ["tracker"] if len(internals) == 1 else [f"tracker-{number}" for number in range(1, len(internals) + 1)]
    return tuple(_part(name, public, internal) for name, internal in zip(names, internals, strict=True))


def _part(name: str, public: socket.socket, internal: socket.socket | None) -> Part:
    arguments = ("serve", "tracker", "--fd", "{public}")
    if internal is None:
        return Part(name, (*arguments, "--internal", "off"), {"public": public})
    return Part(name, (*arguments, "--internal-fd", "{internal}"), {"public": public, "internal": internal})


def run_trackers(
    settings: Settings, public: socket.socket, internals: Sequence[socket.socket | None], *, supervised: bool
) -> None:
    """Keeps the trackers running until this process is told to stop. Raises ProcessFailed when one cannot start."""
    stop = stop_event(supervised)
    supervisor = Supervisor(tracker_parts(public, internals), environment_of(settings), in_order=False)
    supervisor.start()
    try:
        while not stop.wait(CHECKED_EVERY_S):
            supervisor.check()
    finally:
        supervisor.stop()
