"""`ricochet ingest`, `work` and `send`: the long-running processes that serve nobody. `ricochet up` starts them; so may any
process manager.

Each imports its own room when it is called: a process needs neither the others' memory nor their start-up time.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import structlog
import typer
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from linksvc.clock import now
from linksvc.keys import open_keyring
from linksvc.metrics import Metrics
from linksvc.migrations import check_revision
from linksvc.settings import Settings
from ricochet.commands.parameters import DataDir, InternalAddress, InternalDescriptor, Supervised, open_internal
from ricochet.installation import Installation, opened
from ricochet.interpreter import shorten_turns, tune_collector
from ricochet.lifecycle import stop_event
from ricochet.logs import set_up_logs
from ricochet.sockets import INGEST_INTERNAL_PORT, address_of

IngestInternal = Annotated[
    str | None,
    typer.Option(
        "--internal",
        help="Where to tell readiness and metrics: a port, HOST:PORT, or off; else the first free port from "
        f"{INGEST_INTERNAL_PORT} on.",
        show_default=False,
    ),
]

log = structlog.get_logger()


def register(app: typer.Typer) -> None:
    for command in (ingest, work, send):
        app.command()(command)


@contextmanager
def _running(data_dir: DataDir, without_database: bool = False) -> Iterator[Installation]:
    with opened(data_dir, check=not without_database) as installation:
        set_up_logs(installation.settings)
        yield installation


def ingest(
    internal: IngestInternal = None,
    internal_fd: InternalDescriptor = None,
    data_dir: DataDir = None,
    supervised: Supervised = False,
) -> None:
    """Moves hits from this host's spool to the database. Waits while there is none."""
    from ricochet.http_servers import in_a_thread
    from ricochet.listener import create_listener
    from tracker.ingest import Ingester
    from tracker.ingest_report import ingest_conditions, ingest_metrics

    with _running(data_dir, without_database=True) as installation:
        stop = stop_event(supervised)
        _check_if_reachable(installation.engine)
        inner = _internal(installation.settings, internal, internal_fd, supervised, INGEST_INTERNAL_PORT)
        ingester = Ingester(installation.engine, installation.settings.spool_dir, now)
        listener = create_listener(ingest_conditions(ingester), [Metrics(ingest_metrics(), ingester)])
        tune_collector()
        shorten_turns()
        with in_a_thread(listener, inner):
            ingester.run(stop)


def work(
    internal: InternalAddress = None,
    internal_fd: InternalDescriptor = None,
    data_dir: DataDir = None,
    supervised: Supervised = False,
) -> None:
    """Does the background work: makes messages, judges hits once more, counts, sends webhooks."""
    from ricochet.http_servers import in_a_thread
    from ricochet.listener import create_listener
    from ricochet.webhook_sender import WEBHOOK_METRICS, open_webhook_sender
    from ricochet.worker import run_worker

    with _running(data_dir) as installation:
        stop = stop_event(supervised)
        inner = _internal(installation.settings, internal, internal_fd, supervised)
        engine, settings = installation.engine, installation.settings
        keyring = open_keyring(settings)
        webhooks = open_webhook_sender(engine, keyring, settings, now)
        with in_a_thread(create_listener(collectors=[Metrics(WEBHOOK_METRICS, webhooks)]), inner):
            tune_collector()
            run_worker(engine, keyring, settings, stop, now, webhooks)


def send(
    internal: InternalAddress = None,
    internal_fd: InternalDescriptor = None,
    data_dir: DataDir = None,
    supervised: Supervised = False,
) -> None:
    """Hands queued messages to the routes and takes receipts and replies."""
    import uvloop

    from ricochet.http_servers import beside
    from ricochet.listener import create_listener
    from sender.metrics import SENDER_METRICS
    from sender.worker import run_sender

    with _running(data_dir) as installation:
        told = stop_event(supervised)
        inner = _internal(installation.settings, internal, internal_fd, supervised)

        async def run() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            threading.Thread(
                target=lambda: (told.wait(), loop.call_soon_threadsafe(stop.set)), name="stop-watch", daemon=True
            ).start()
            async with beside(create_listener(collectors=[Metrics(SENDER_METRICS, installation.engine)]), inner):
                tune_collector()
                await run_sender(installation.settings, installation.engine, open_keyring(installation.settings), stop)

        uvloop.run(run())


def _check_if_reachable(engine: Engine) -> None:
    """Raises ConfigurationError if the database is there and at another revision than this version needs."""
    try:
        check_revision(engine)
    except (InterfaceError, OperationalError):
        log.warning("ingest starts without the database", action="ingest_unreachable")


def _internal(
    settings: Settings, address: str | None, descriptor: int | None, supervised: bool, usual_port: int | None = None
) -> socket.socket | None:
    listener = open_internal(settings, address, descriptor, usual_port)
    if listener and not supervised:
        typer.echo(f"Readiness and metrics on {address_of(listener)}")
    return listener
