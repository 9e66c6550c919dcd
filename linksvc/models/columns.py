"""The column types that every table shares."""

from typing import Any

from sqlalchemy import BigInteger, Integer
from sqlmodel import Field

Big = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both. SQLite counts up only columns that are called INTEGER."""


def key(foreign_key: str | None = None, **options: Any) -> Any:
    """A part of a primary key that is given, not counted up."""
    return _integer(foreign_key, primary_key=True, sa_column_kwargs={"autoincrement": False}, **options)


def reference(foreign_key: str | None = None, **options: Any) -> Any:
    """A number that names a row elsewhere."""
    return _integer(foreign_key, **options)


def serial_key() -> Any:
    """A primary key that counts up by itself."""
    return Field(default=None, primary_key=True, sa_type=Big)


def big(default: int | None = 0, **options: Any) -> Any:
    """A 64-bit number: an amount in minor units, a serial."""
    return Field(default=default, sa_type=Big, **options)


def moment(**options: Any) -> Any:
    """A time that may not have come: aware, UTC, or None."""
    return Field(default=None, **options)


def _integer(foreign_key: str | None, **options: Any) -> Any:
    if foreign_key:
        options["foreign_key"] = foreign_key
    return Field(sa_type=Big, **options)
