"""`ricochet route`: the operator's SMSC accounts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import typer

from linksvc import route_health, routes
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import ConfigurationError, InvalidRequest
from linksvc.route_accounts import NewRoute
from linksvc.settings import Settings
from ricochet.commands import route_options as options
from ricochet.commands import route_rules
from ricochet.commands.parameters import DataDir
from ricochet.commands.route_pages import health_in_words, lines_of
from ricochet.installation import opened

route = typer.Typer(
    help="SMSC accounts. Their passwords come from RICOCHET_ROUTE_<NAME>_PASSWORD, never from the database.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    app.add_typer(route, name="route")
    route_rules.register(route)


@route.command("add")
def add_route(
    name: options.NewName,
    host: options.NeededHost,
    system_id: options.NeededSystemId,
    port: options.Port = None,
    window: options.Window = None,
    rate: options.Rate = None,
    system_type: options.SystemType = None,
    bind_type: options.BindType = None,
    binds: options.Binds = None,
    tls: options.Tls = None,
    tls_name: options.TlsName = None,
    alphabet: options.Alphabet = None,
    data_coding: options.DataCoding = None,
    answer_id: options.AnswerId = None,
    receipt_id: options.ReceiptId = None,
    tlv_id: options.TlvId = None,
    receipt_timezone: options.ReceiptTimezone = None,
    number_country: options.NumberCountry = None,
    numbering: options.Numbering = None,
    long_form: options.LongForm = None,
    max_tries: options.MaxTries = None,
    max_age: options.MaxAge = None,
    data_dir: DataDir = None,
) -> None:
    """Adds a route. Its password is read by the sender from the environment variable RICOCHET_ROUTE_<NAME>_PASSWORD, or
    from the file <name>.password in RICOCHET_ROUTE_SECRETS_DIR."""
    new = _changed(
        NewRoute(name, host, port or 2775, system_id),
        {
            "port": port,
            "window_size": window,
            "rate_per_s": rate,
            "system_type": system_type,
            "bind_type": bind_type,
            "binds": binds,
            "tls": tls,
            "tls_name": tls_name,
            "alphabet": alphabet,
            "answer_id": answer_id,
            "receipt_id": receipt_id,
            "tlv_id": tlv_id,
            "receipt_timezone": receipt_timezone,
            "number_country": number_country,
            "long_form": long_form,
            "max_tries": max_tries,
            "max_age_s": max_age,
        },
        data_coding,
        numbering,
    )
    with opened(data_dir) as installation:
        with writing(installation.engine) as session:
            routes.add_route(session, new, now())
        typer.echo(f"Added the route {name}.")
        _tell_missing_password(installation.settings, name)


@route.command("change")
def change_route(
    name: options.Name,
    host: options.Host = None,
    system_id: options.SystemId = None,
    port: options.Port = None,
    window: options.Window = None,
    rate: options.Rate = None,
    system_type: options.SystemType = None,
    bind_type: options.BindType = None,
    binds: options.Binds = None,
    tls: options.Tls = None,
    tls_name: options.TlsName = None,
    alphabet: options.Alphabet = None,
    data_coding: options.DataCoding = None,
    answer_id: options.AnswerId = None,
    receipt_id: options.ReceiptId = None,
    tlv_id: options.TlvId = None,
    receipt_timezone: options.ReceiptTimezone = None,
    number_country: options.NumberCountry = None,
    numbering: options.Numbering = None,
    long_form: options.LongForm = None,
    max_tries: options.MaxTries = None,
    max_age: options.MaxAge = None,
    data_dir: DataDir = None,
) -> None:
    """Changes what is told and leaves the rest. A running sender takes it over within a second or two: it waits for the
    answers that are still to come, and binds anew."""
    told = {
        "host": host,
        "system_id": system_id,
        "port": port,
        "window_size": window,
        "rate_per_s": rate,
        "system_type": system_type,
        "bind_type": bind_type,
        "binds": binds,
        "tls": tls,
        "tls_name": tls_name,
        "alphabet": alphabet,
        "answer_id": answer_id,
        "receipt_id": receipt_id,
        "tlv_id": tlv_id,
        "receipt_timezone": receipt_timezone,
        "number_country": number_country,
        "long_form": long_form,
        "max_tries": max_tries,
        "max_age_s": max_age,
    }
    if not (data_coding or numbering or any(value is not None for value in told.values())):
        raise InvalidRequest("Say what to change, for example --rate 50. ricochet route change --help lists it all.")
    with opened(data_dir) as installation, writing(installation.engine) as session:
        before = routes.find_route(session, name).account
        changed = _changed(before, told, data_coding, numbering)
        if changed.tls_name and not changed.tls and tls_name is None:
            changed = replace(changed, tls_name="")
        routes.change_route(session, changed)
    typer.echo(f"Changed the route {name}.")


@route.command("list")
def list_routes(data_dir: DataDir = None) -> None:
    """Lists the routes: name, account, address, state, and why a route does not work or what it did in five minutes."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        binds = route_health.read_binds(session)
        for one in routes.list_routes(session):
            address = f"{one.system_id}@{one.host}:{one.port}"
            told = one.error or health_in_words([bind for bind in binds if bind.route_id == one.id])
            typer.echo("\t".join((one.name, address, one.state if one.enabled else "disabled", told)).rstrip())


@route.command("show")
def show_route(name: options.Name, data_dir: DataDir = None) -> None:
    """Shows all that is told of a route: its account, where it is used, its prices, what its codes mean, how its binds
    fare."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        for line in lines_of(session, routes.find_route(session, name)):
            typer.echo(line)


@route.command("enable")
def enable_route(name: options.Name, data_dir: DataDir = None) -> None:
    """Lets a route be used again."""
    _enable(name, True, data_dir)


@route.command("disable")
def disable_route(name: options.Name, data_dir: DataDir = None) -> None:
    """Stops using a route: what it was handed is waited for, then it unbinds. Its messages leave by the others."""
    _enable(name, False, data_dir)


@route.command("remove")
def remove_route(name: options.Name, data_dir: DataDir = None) -> None:
    """Removes a disabled route once what it was handed is settled. Its name is free again; what went by it stays counted."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        routes.remove_route(session, name, now())
    typer.echo(f"Removed the route {name}.")


@route.command("retry")
def retry_route(name: options.Name, data_dir: DataDir = None) -> None:
    """Binds again after a refusal. A route that was refused for its account or password is not tried again by itself: not
    before the account or the password is changed, or this is said."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        refused = route_health.retry(session, routes.find_route(session, name).id, now())
    typer.echo(f"The route {name} is tried again." if refused else f"The route {name} is not refused.")


def _enable(name: str, enabled: bool, data_dir: DataDir) -> None:
    with opened(data_dir) as installation:
        with writing(installation.engine) as session:
            routes.set_enabled(session, name, enabled)
        typer.echo(f"{'Enabled' if enabled else 'Disabled'} the route {name}.")
        if enabled:
            _tell_missing_password(installation.settings, name)


def _changed(account: NewRoute, told: Mapping[str, Any], codings: list[str] | None, numbering: list[str] | None) -> NewRoute:
    """The account with what was told in place of what it has; None was not told."""
    return replace(
        account,
        **{field: value for field, value in told.items() if value is not None},
        data_codings=options.changed_codings(account.data_codings, codings),
        numbering=options.changed_numbering(account.numbering, numbering),
    )


def _tell_missing_password(settings: Settings, name: str) -> None:
    try:
        routes.find_password(settings, name)
    except ConfigurationError as missing:
        typer.echo(str(missing), err=True)
