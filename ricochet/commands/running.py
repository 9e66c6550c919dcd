"""`ricochet up`, `demo` and `smsc`: a whole installation, the demonstration, and the simulator alone.

Each imports what it runs when it is called, or every command would wait for all of it.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from linksvc.errors import ConfigurationError
from ricochet.commands.parameters import TRACKERS_MOST, DataDir
from ricochet.installation import read_settings


def register(app: typer.Typer) -> None:
    for command in (up, demo, smsc):
        app.command()(command)


def up(
    data_dir: DataDir = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="Of the pages and the API; else the first free one from 8000.", show_default=False
        ),
    ] = None,
    tracker_port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Of the short links; else the first free one from 8001.", show_default=False),
    ] = None,
    trackers: Annotated[
        int, typer.Option(min=1, max=TRACKERS_MOST, help="How many trackers share the port of the short links.")
    ] = 1,
    demo: Annotated[
        int, typer.Option(min=0, help="Send a campaign to this many simulated people, by the bundled simulator.")
    ] = 0,
) -> None:
    """Runs everything on this machine until Ctrl-C."""
    from ricochet.stack import Ports
    from ricochet.up import run_up

    run_up(read_settings(data_dir), Ports(host, port, tracker_port), demo, trackers)


def demo(
    recipients: Annotated[int, typer.Option(min=1, help="How many simulated people.")] = 500,
    seed: Annotated[int, typer.Option(help="What they do; the same seed tells the same story.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print nothing but the result, as one line of JSON.")] = False,
    database_url: Annotated[
        str, typer.Option(help="A PostgreSQL to use, in a schema of its own; else SQLite in a temporary folder.")
    ] = "",
) -> None:
    """Plays the whole path in a temporary place and compares the funnel with what truly happened.

    Exit status 0 only if they are equal.
    """
    from ricochet.demo import run_demo
    from ricochet.progress import SendingBar

    with SendingBar(shown=not json) as bar:
        try:
            result = run_demo(recipients, seed, database_url, bar.update)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
    for anomaly in result.anomalies:
        typer.echo(f"unexpected: {anomaly}", err=True)
    if not json:
        bar.print_comparison(result.comparison)
    typer.echo(result.line())
    sys.exit(0 if result.comparison.equal else 1)


def smsc(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen on; 0 takes a free one.")] = 2775,
    system_id: Annotated[str, typer.Option(help="The account's name.")] = "ricochet",
    password: Annotated[str, typer.Option(envvar="RICOCHET_SMSC_PASSWORD", help="The account's password.")] = "secret",  # noqa: S107
    recipients: Annotated[int, typer.Option(min=1, help="How many simulated people have a phone.")] = 2000,
    seed: Annotated[int, typer.Option(help="What they do; the same seed tells the same story.")] = 1,
    speed: Annotated[float, typer.Option(min=0.01, help="How many times faster than life they act.")] = 1.0,
    ledger: Annotated[
        Path | None, typer.Option(help="Write what truly happened to this file, as JSON lines.", show_default=False)
    ] = None,
    api_url: Annotated[str, typer.Option(help="Where shops redeem codes; without it nobody does.")] = "",
    shop_key: Annotated[list[str] | None, typer.Option(help="An API key of a shop; may be repeated.")] = None,
    knob: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Turns a knob of docs/simulator.md; may be repeated.")
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="A file that says what happens when; see docs/simulator.md.", show_default=False)
    ] = None,
    knobs: Annotated[bool, typer.Option("--knobs", help="Print every knob and what it is, and nothing else.")] = False,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="Speak TLS only, with this certificate and its key, in PEM.", show_default=False)
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only answer and report, as fast as can be: no people, no knobs, no ledger.")
    ] = False,
) -> None:
    """Runs the SMSC simulator alone: an SMPP 3.4 server with people behind it who click, redeem and say STOP."""
    from sender.simulator.knobs import list_knobs, parse_assignments
    from sender.simulator.population import people
    from sender.simulator.quick import run_quick
    from sender.simulator.scenario import Scenario
    from sender.simulator.settings import SmscSettings
    from sender.simulator.simulator import run_smsc, server_context
    from sender.simulator.till import ShopAccess

    def tell(bound: int) -> None:
        typer.echo(f"The SMSC listens on {host}:{bound}, system id {settings.system_id}.")

    try:
        played = Scenario.read(scenario) if scenario else Scenario()
        # What the command line says goes before the file.
        told = {"system_id": system_id, "password": password, "seed": seed, "speed": speed}
        options = {name: value for name, value in told.items() if _was_given(context, name)}
        settings = replace(SmscSettings(), **{**played.knobs, **options, **parse_assignments(knob or ())})
        if knobs:
            for one in list_knobs(settings):
                typer.echo(f"{one.name} = {one.value}\n    {one.help}")
        elif quick:
            run_quick(host, port, on_ready=tell)
        else:
            run_smsc(
                host,
                port,
                people(recipients, settings.seed),
                settings,
                shop=ShopAccess(api_url, tuple(shop_key)) if api_url and shop_key else None,
                ledger_path=ledger,
                scenario=Scenario({}, played.steps),
                tls=server_context(tls_certificate) if tls_certificate else None,
                on_ready=tell,
            )
    except OSError as error:
        raise ConfigurationError(f"The simulator cannot run: {_reason(error, host, port)}.") from None
    except ValueError as error:
        raise ConfigurationError(f"The simulator cannot run: {error}") from None


def _reason(error: OSError, host: str, port: int) -> str:
    """Which file cannot be used, or that it is the address."""
    # asyncio's own words for a taken port repeat the address in Python's form.
    said = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    if error.filename:
        return f"{error.filename} cannot be used: {said}"
    return f"port {port} on {host} cannot be used: {said}. Choose another one with --port and --host"


def _was_given(context: typer.Context, option: str) -> bool:
    source = context.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"
