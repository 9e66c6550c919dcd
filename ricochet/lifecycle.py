"""How a process of ours is told to stop: SIGTERM, Ctrl-C, or the end of its standard input when it is supervised."""

import os
import signal
import sys
import threading
from collections.abc import Callable


def call_when_supervisor_ends(callback: Callable[[], None]) -> None:
    """Calls back once standard input ends. The supervisor holds the other end, so its death is noticed at once."""

    def wait() -> None:
        # The bare descriptor: an interpreter that ends while a thread waits in a buffered read aborts.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        callback()

    threading.Thread(target=wait, name="supervisor-watch", daemon=True).start()


def stop_event(supervised: bool) -> threading.Event:
    """An event that is set when the process shall stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if supervised:
        call_when_supervisor_ends(stop.set)
    return stop
