"""`ricochet serve`: the HTTP servers, each a process of its own. `ricochet up` starts them; so may any process manager.

Each imports its own room when it is called: a process needs neither the others' memory nor their start-up time.
"""

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy import Engine
from starlette.types import ASGIApp

from linksvc.database import open_engine
from linksvc.errors import ConfigurationError
from linksvc.keys import Keyring, open_keyring
from linksvc.metrics import Metrics
from linksvc.settings import Settings
from ricochet.commands.parameters import (
    TRACKERS_MOST,
    DataDir,
    InternalAddress,
    InternalDescriptor,
    Supervised,
    inherited,
    open_internal,
)
from ricochet.installation import opened, read_settings
from ricochet.logs import set_up_logs
from ricochet.sockets import (
    DASHBOARDS_PORT,
    HIGHEST_PORT,
    TRACKER_INTERNAL_PORT,
    TRACKER_PORT,
    WEB_PORT,
    address_of,
    listen,
)

if TYPE_CHECKING:
    from linksvc.api.limits import Limits

serve = typer.Typer(help="The HTTP servers, each a process of its own.", no_args_is_help=True)

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=HIGHEST_PORT, help="The port to listen on; 0 takes a free one.")]
Descriptor = Annotated[int | None, typer.Option("--fd", help="An open listening socket to use instead.", show_default=False)]
TrackersInternal = Annotated[
    str | None,
    typer.Option(
        "--internal",
        help="Where to tell readiness and metrics: a port, HOST:PORT, or off; else the first free port from "
        f"{TRACKER_INTERNAL_PORT} on. Several workers take that port and those that follow, one each.",
        show_default=False,
    ),
]
Workers = Annotated[int, typer.Option(min=1, max=TRACKERS_MOST, help="How many processes share the port.")]

GRACE_S = 10

Create = Callable[[Settings, Engine, Keyring, "Limits"], ASGIApp]


def register(app: typer.Typer) -> None:
    app.add_typer(serve, name="serve")


def _web() -> Create:
    from linksvc.clock import now
    from ricochet.web import create_web

    return lambda settings, engine, keyring, limits: create_web(settings, engine, keyring, now, limits)


def _api() -> Create:
    from linksvc.api.app import create_api
    from linksvc.clock import now

    return lambda settings, engine, keyring, limits: create_api(settings, engine, keyring, now, limits)


def _pages() -> Create:
    from dashboards.app import create_dashboards
    from linksvc.clock import now

    return lambda settings, engine, keyring, limits: create_dashboards(settings, engine, keyring, now, limits)


def _add(name: str, usual_port: int, help: str, load: Callable[[], Create]) -> None:
    """A command that serves what `load` imports."""

    @serve.command(name, help=help)
    def serve_web(
        host: Host = "127.0.0.1",
        port: Port = usual_port,
        fd: Descriptor = None,
        internal: InternalAddress = None,
        internal_fd: InternalDescriptor = None,
        data_dir: DataDir = None,
        supervised: Supervised = False,
    ) -> None:
        import uvicorn

        from linksvc.api.limits import LIMIT_METRICS, Limits
        from ricochet.http_servers import run_server
        from ricochet.interpreter import YOUNG_BETWEEN_ANSWERS, tune_collector
        from ricochet.joined_writes import JoinedWrites

        with opened(data_dir) as installation:
            settings = installation.settings
            set_up_logs(settings)
            create, limits = load(), Limits(settings)
            config = uvicorn.Config(
                create(settings, installation.engine, open_keyring(settings), limits),
                http=JoinedWrites,
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
                # Whoever is not named is not believed, not even on this machine.
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
            )
            public, inner = _public(host, port, fd), open_internal(settings, internal, internal_fd)
            tune_collector(YOUNG_BETWEEN_ANSWERS)
            _say(supervised, public, inner)
            run_server(config, public, inner, supervised=supervised, collectors=[Metrics(LIMIT_METRICS, limits)])


_add("web", WEB_PORT, "Serves the API and the pages behind one port.", _web)
_add("linksvc", WEB_PORT, "Serves the API alone.", _api)
_add("dashboards", DASHBOARDS_PORT, "Serves the pages alone.", _pages)


@serve.command("tracker")
def serve_tracker(
    host: Host = "127.0.0.1",
    port: Port = TRACKER_PORT,
    fd: Descriptor = None,
    workers: Workers = 1,
    internal: TrackersInternal = None,
    internal_fd: InternalDescriptor = None,
    data_dir: DataDir = None,
    supervised: Supervised = False,
) -> None:
    """Serves the short links. Starts without a database too, from what it last knew."""
    settings = read_settings(data_dir)
    set_up_logs(settings)
    if internal_fd is not None and workers > 1:
        raise ConfigurationError("--internal-fd is one socket, for one worker. Name --internal for several.")
    public = _public(host, port, fd)
    inner = [open_internal(settings, internal, internal_fd, TRACKER_INTERNAL_PORT, nth) for nth in range(workers)]
    _say(supervised, public, *inner)
    if workers == 1:
        _run_tracker(settings, public, inner[0], supervised)
    else:
        from ricochet.trackers import run_trackers

        run_trackers(settings, public, inner, supervised=supervised)


def _run_tracker(settings: Settings, public: socket.socket, internal: socket.socket | None, supervised: bool) -> None:
    from ricochet.http_servers import run_server
    from ricochet.interpreter import tune_collector
    from tracker.app import create_tracker
    from tracker.metrics import TRACKER_METRICS
    from tracker.readiness import TrackerReadiness
    from tracker.server import server_config

    tune_collector()
    engine = open_engine(settings.database)
    tracker = create_tracker(settings, engine, open_keyring(settings))
    run_server(
        server_config(tracker),
        public,
        internal,
        supervised=supervised,
        conditions=TrackerReadiness(tracker),
        collectors=[Metrics(TRACKER_METRICS, tracker)],
    )
    engine.dispose()


def _public(host: str, port: int, descriptor: int | None) -> socket.socket:
    return listen(host, port, 0) if descriptor is None else inherited("--fd", descriptor)


def _say(supervised: bool, public: socket.socket, *internal: socket.socket | None) -> None:
    """Where to find it; whoever supervises it knows already."""
    if not supervised:
        typer.echo(f"Listening on {address_of(public)}")
        for listener in filter(None, internal):
            typer.echo(f"Readiness and metrics on {address_of(listener)}")
