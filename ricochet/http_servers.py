"""How a process serves HTTP: its own port, and the internal listener beside it in the same event loop or in a thread.

Used by the commands of the processes. Left alone, each of uvicorn's servers takes the signals for itself; here one signal
ends both, the internal listener last: a process can be asked for as long as it works.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from prometheus_client.registry import Collector
from starlette.applications import Starlette

from linksvc.readiness import Condition, Conditions
from ricochet.lifecycle import call_when_supervisor_ends
from ricochet.listener import always_ready, create_listener


class _Server(uvicorn.Server):
    """A server that leaves the signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def run_server(
    config: uvicorn.Config,
    public: socket.socket,
    internal: socket.socket | None,
    *,
    supervised: bool,
    conditions: Conditions = always_ready,
    collectors: Sequence[Collector] = (),
) -> None:
    """Serves on both sockets until the process is told to stop, and answers first what it was already asked.

    The signal that ended it is raised again when all is done: the exit status is that of any other server.
    """
    server = _Server(config)

    async def ready() -> Sequence[Condition]:
        return (_serving(server), *await conditions())

    async def run() -> None:
        async with beside(create_listener(ready, collectors), internal):
            await server.serve(sockets=[public])

    if supervised:
        call_when_supervisor_ends(lambda: setattr(server, "should_exit", True))
    with uvicorn.Server.capture_signals(server), asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())


@asynccontextmanager
async def beside(listener: Starlette, internal: socket.socket | None) -> AsyncIterator[None]:
    """Serves the internal listener in the running event loop: it answers only if the loop still turns."""
    if internal is None:
        yield
        return
    server = _Server(_internal_config(listener))
    running = asyncio.create_task(server.serve(sockets=[internal]))
    try:
        yield
    finally:
        server.should_exit = True
        await running


@contextmanager
def in_a_thread(listener: Starlette, internal: socket.socket | None) -> Iterator[None]:
    """Serves the internal listener of a process that has no event loop."""
    if internal is None:
        yield
        return
    server = _Server(_internal_config(listener))
    thread = threading.Thread(target=server.run, args=([internal],), name="internal-listener")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _serving(server: uvicorn.Server) -> Condition:
    if server.should_exit:
        return Condition("serving", False, True, "The process was told to stop.")
    if not server.started:
        return Condition("serving", False, True, "The process is starting.")
    return Condition("serving", True, True, "Connections are accepted.")


def _internal_config(listener: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        listener,
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        ws="none",
        log_config=None,
    )
