"""`ricochet up`: everything on one machine, from one command, until Ctrl-C."""

from contextlib import ExitStack
from threading import Event

import typer
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from linksvc import accounts
from linksvc.clock import now
from linksvc.database import open_engine, writing
from linksvc.errors import ConfigurationError
from linksvc.funnel import Funnel
from linksvc.keys import open_keyring
from linksvc.migrations import migrate
from linksvc.models import Member
from linksvc.public_ids import parse_id
from linksvc.settings import Settings
from ricochet import scenario
from ricochet.comparison import compare
from ricochet.data_dir_lock import locked
from ricochet.lifecycle import stop_event
from ricochet.progress import SendingBar
from ricochet.rest import wait_for_rest
from ricochet.scenario import Cast, Marketer
from ricochet.simulation import Simulation
from ricochet.sockets import address_of
from ricochet.stack import Ports, Stack, start_stack
from sender.simulator.population import Person, people
from sender.simulator.settings import SmscSettings
from sender.simulator.till import ShopAccess

OWNER = "owner@localhost"
DEMO_RATE_PER_S = 50
DEMO_LIMIT_S = 3_600.0


def run_up(settings: Settings, ports: Ports, recipients: int, trackers: int = 1) -> None:
    """Migrates, starts the processes, prints where they are, plays the demonstration if asked for, waits for Ctrl-C.

    Raises ConfigurationError while another one runs on the same data directory.
    """
    with ExitStack() as cleanup:
        cleanup.enter_context(locked(settings.data_dir))
        open_keyring(settings)
        engine = open_engine(settings.database)
        cleanup.callback(engine.dispose)
        migrate(engine)
        stop = stop_event(supervised=False)
        cast = scenario.prepare(engine, now) if recipients else None
        everybody = _next_people(engine, recipients)
        stack = start_stack(settings, ports, cast.secrets if cast else {}, trackers)
        cleanup.callback(stack.stop)
        _print_addresses(engine, stack)
        if cast:
            smsc = SmscSettings(seed=recipients, system_id=scenario.SYSTEM_ID, password=cast.route_password)
            simulation = Simulation(everybody, smsc, ShopAccess(stack.settings.public_url, cast.shop_keys))
            scenario.point_route(engine, simulation.start(), now)
            cleanup.callback(simulation.stop)
            _play(engine, stack, cast, simulation, everybody, stop)
        typer.echo("Running. Ctrl-C stops everything.")
        while not stop.wait(0.5):
            stack.supervisor.check()
        typer.echo("Stopping.")


class _Stopped(Exception):
    """Ctrl-C came while the demonstration was playing."""


def _next_people(engine: Engine, recipients: int) -> tuple[Person, ...]:
    """People whom no earlier demonstration in this data directory met."""
    try:
        return people(recipients, seed=recipients, first=scenario.people_so_far(engine)) if recipients else ()
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _play(
    engine: Engine, stack: Stack, cast: Cast, simulation: Simulation, everybody: tuple[Person, ...], stop: Event
) -> None:
    """Sends the demonstration's campaign and shows how it goes, then compares the funnel with what truly happened."""
    marketer = Marketer(stack.settings.public_url, cast.marketer_key)

    def watch(funnel: Funnel) -> None:
        stack.supervisor.check()
        if stop.is_set():
            raise _Stopped
        bar.update(funnel)

    try:
        with SendingBar() as bar:
            marketer.wait_until_ready()
            audience = marketer.import_people(everybody)
            campaign = marketer.create_campaign(scenario.next_name(engine), audience, DEMO_RATE_PER_S)
            marketer.send(campaign)
            typer.echo(f"The campaign: {stack.settings.public_url}/campaigns/{campaign}")
            campaign_id = parse_id("campaign", campaign)
            funnel = wait_for_rest(engine, stack.settings, simulation, campaign_id, watch, DEMO_LIMIT_S)
        bar.print_comparison(compare(engine, funnel, simulation.ledger, everybody))
    except _Stopped:
        return
    finally:
        marketer.close()


def _print_addresses(engine: Engine, stack: Stack) -> None:
    with writing(engine) as session:
        token = accounts.make_sign_in_link(session, _owner(session), now())
    public = stack.settings.public_url
    typer.echo(f"Pages and API   {public}")
    typer.echo(f"Short links     {stack.settings.short_url}")
    typer.echo(f"API description {public}/openapi.json")
    for name, listener in stack.internal.items():
        typer.echo(f"{f'Metrics {name}':<15} {address_of(listener)}/metrics")
    typer.echo(f"Logs            {(stack.settings.data_dir / 'logs').absolute()}")
    typer.echo(f"Sign in (once, within an hour): {public}/sign-in/link/{token}")


def _owner(session: Session) -> int:
    """The first user, who is made together with a workspace when there is none."""
    first = session.exec(select(Member.user_id).order_by(col(Member.user_id)).limit(1)).first()
    if first is not None:
        return first
    workspace_id = accounts.ensure_workspace(session, scenario.WORKSPACE, now())
    return accounts.create_user(session, OWNER, None, workspace_id, now())
