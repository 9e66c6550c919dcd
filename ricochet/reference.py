"""The reference pages on settings, commands, metrics and the simulator's knobs, made from what they describe.

`scripts/write-docs` writes them; a test fails when the pages in docs/ say something else.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from linksvc.settings import Settings
from ricochet.metrics_page import metrics_page
from sender.simulator.knobs import list_knobs
from sender.simulator.settings import SmscSettings

_SETTINGS_INTRODUCTION = """# Settings

Everything is set by environment variables, read once when a process starts. A value that cannot be used stops the start with
one line that names the variable. `--data-dir`, where a command has it, wins over `RICOCHET_DATA_DIR`.

| variable | when unset | what it is |
|---|---|---|
"""

_SETTINGS_END = """
Secrets of routes are no settings: the sender reads them when it binds.

| variable | what it is |
|---|---|
| `RICOCHET_ROUTE_<NAME>_PASSWORD` | The password of the route of that name, in capitals, dashes as underscores. |
"""

_COMMANDS_INTRODUCTION = """# Commands

`ricochet COMMAND --help` says the same. Results go to standard output, everything else to standard error. The exit status is
0 when it is done, 1 when the installation cannot work (a setting, the database), 2 when what was asked for was refused.
"""


_KNOBS_INTRODUCTION = """# Knobs of the simulator

For `ricochet smsc --knob NAME=VALUE` and for [scenarios](simulator.md). Shares run from 0 to 1. A delay is written
`constant:SECONDS`, `uniform:LEAST:MOST`, `lognormal:MEDIAN:MOST:SIGMA` or `pareto:MEDIAN:MOST:ALPHA`; ids are written `hex`,
`hex_capitals`, `hex_padded`, `decimal` or `decimal_padded`.

| knob | if left alone | what it is |
|---|---|---|
"""


def settings_page() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        rows.append(f"| `RICOCHET_{name.upper()}` | {_default(field.default)} | {_text(field.description or '')} |\n")
    return _SETTINGS_INTRODUCTION + "".join(rows) + _SETTINGS_END


def commands_page(app: typer.Typer) -> str:
    return _COMMANDS_INTRODUCTION + "".join(_commands(typer.main.get_command(app), "ricochet"))


def knobs_page() -> str:
    rows = (
        f"| `{knob.name}` | {f'`{knob.value}`' if knob.value else '-'} | {knob.help} |\n"
        for knob in list_knobs(SmscSettings())
    )
    return _KNOBS_INTRODUCTION + "".join(rows)


def pages(app: typer.Typer) -> Mapping[str, str]:
    """Each page by its name in docs/."""
    return {
        "settings.md": settings_page(),
        "commands.md": commands_page(app),
        "metrics.md": metrics_page(),
        "knobs.md": knobs_page(),
    }


def _default(value: Any) -> str:
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if value in (None, "", ()):
        return "-"
    return f"`{value}`" if isinstance(value, str | int | Path) else str(value)


def _commands(command: Any, path: str) -> Iterator[str]:
    """A section a command, in the order of the help."""
    if children := getattr(command, "commands", None):
        for name, child in children.items():
            yield from _commands(child, f"{path} {name}")
        return
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    yield f"\n## {' '.join([path, *map(_argument, arguments)])}\n\n"
    yield _text(" ".join(command.help.split())) + "\n"
    if command.params:
        yield "\n| argument | if left out | what it is |\n|---|---|---|\n"
    for one in [*arguments, *options]:
        yield f"| {_spelling(one)} | {_need(one)} | {_text(one.help or '')} |\n"


def _argument(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{_argument(parameter)}`"
    return ", ".join(f"`{option}`" for option in [*parameter.opts, *parameter.secondary_opts])


def _need(parameter: Any) -> str:
    if parameter.required:
        return "it is needed"
    default = parameter.default
    return "-" if default is None or default is False or default == "" else f"`{default}`"


def _text(help: str) -> str:
    """A help text as Markdown, where <route> would be taken for HTML."""
    return help.replace("<", "\\<")
