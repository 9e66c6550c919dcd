"""The installation that a command works on: settings, database, keys. Every command opens it here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy import Engine

from linksvc.database import open_engine
from linksvc.errors import ConfigurationError
from linksvc.migrations import check_revision
from linksvc.settings import Settings


@dataclass(frozen=True)
class Installation:
    """Settings and an open database at the newest revision."""

    settings: Settings
    engine: Engine


def read_settings(data_dir: Path | None = None) -> Settings:
    """The settings of the environment; `data_dir` wins over RICOCHET_DATA_DIR. Raises ConfigurationError."""
    given: dict[str, Any] = {"data_dir": data_dir} if data_dir else {}
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = " ".join(_told(one) for one in error.errors())
        raise ConfigurationError(f"The settings cannot be used. {wrong}") from None


def _told(error: ErrorDetails) -> str:
    """One wrong setting, by the name of its variable. Pydantic's own sentences are not for operators."""
    variable = f"RICOCHET_{str(error['loc'][0]).upper()}"
    if error["type"] == "value_error":
        return f"{variable}: {error['ctx']['error']}"
    if error["type"] == "greater_than_equal":
        return f"{variable}: “{error['input']}” is too small. It is at least {error['ctx']['ge']}."
    if error["type"].startswith("int_"):
        return f"{variable}: “{error['input']}” is no whole number."
    return f"{variable}: {error['msg']}."


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment that gives another process these settings."""
    given = {
        "RICOCHET_DATA_DIR": str(settings.data_dir.absolute()),
        "RICOCHET_DATABASE_URL": settings.database_url,
        "RICOCHET_PUBLIC_URL": settings.public_url,
        "RICOCHET_SHORT_URL": settings.short_url,
    }
    if settings.secret_key_file:
        given["RICOCHET_SECRET_KEY_FILE"] = str(settings.secret_key_file.absolute())
    if secret := settings.secret_key.get_secret_value():
        given["RICOCHET_SECRET_KEY"] = secret
    return given


@contextmanager
def opened(data_dir: Path | None = None, *, check: bool = True) -> Iterator[Installation]:
    """The installation while a command runs. Raises ConfigurationError unless its database is at the newest revision;
    with `check` False the database is not asked, and need not even be there."""
    settings = read_settings(data_dir)
    engine = open_engine(settings.database)
    try:
        if check:
            check_revision(engine)
        yield Installation(settings, engine)
    finally:
        engine.dispose()
