"""`ricochet secret`: the keys that links and promo codes are made with."""

import typer

from linksvc.keys import rotate
from ricochet.commands.parameters import DataDir
from ricochet.installation import read_settings

secret = typer.Typer(help="The secret keys of links and promo codes.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(secret, name="secret")


@secret.callback()
def group() -> None:
    """The secret keys of links and promo codes."""


@secret.command("rotate")
def rotate_keys(data_dir: DataDir = None) -> None:
    """Adds a key to the file of secret keys. Links already sent go on working; new ones are made with the new key.

    Give the file to every machine and start the trackers again first, then the other processes: a tracker opens only
    links whose key it knows.
    """
    version = rotate(read_settings(data_dir))
    typer.echo(
        f"There are {version + 1} secret keys now. Start every tracker again first, then the other processes: until then "
        "they go on with the former key. Whoever is signed in has to sign in again. Keep a copy of the file."
    )
