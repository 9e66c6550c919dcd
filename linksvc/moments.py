"""Moments in SQL that SQLite and PostgreSQL say differently: the earliest of several, and how long after another one."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, case, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlmodel.sql.sqltypes import UTCDateTime

_NEVER = literal(datetime(9999, 12, 31, tzinfo=UTC), UTCDateTime())


class _Earliest(FunctionElement[datetime]):
    name = "least"
    type = UTCDateTime()
    inherit_cache = True


@compiles(_Earliest)
def _least(element: _Earliest, compiler: Any, **options: Any) -> str:
    return f"least({compiler.process(element.clauses, **options)})"


@compiles(_Earliest, "sqlite")
def _min(element: _Earliest, compiler: Any, **options: Any) -> str:
    return f"min({compiler.process(element.clauses, **options)})"


class _Second(FunctionElement[int]):
    """The whole seconds since 1970 of a moment. SQLite's own count rounds the last half thousandth of a second up."""

    name = "second"
    type = Integer()
    inherit_cache = True


@compiles(_Second)
def _floor(element: _Second, compiler: Any, **options: Any) -> str:
    return f"floor(extract(epoch FROM {compiler.process(element.clauses, **options)}))"


@compiles(_Second, "sqlite")
def _strftime(element: _Second, compiler: Any, **options: Any) -> str:
    return f"CAST(strftime('%s', substr({compiler.process(element.clauses, **options)}, 1, 19)) AS INTEGER)"


def earliest(*conditioned: tuple[ColumnElement[bool], ColumnElement[Any]]) -> ColumnElement[datetime]:
    """The earliest of the moments whose condition holds; of none, a moment that never comes."""
    return _Earliest(*(case((condition, moment), else_=_NEVER) for condition, moment in conditioned))


def second_of(moment: ColumnElement[Any]) -> ColumnElement[int]:
    """The whole second since 1970-01-01T00:00Z."""
    return _Second(moment)


def seconds_between(since: ColumnElement[Any], until: ColumnElement[Any]) -> ColumnElement[int]:
    """As `linksvc.delays` counts them: between the whole seconds of both."""
    return second_of(until) - second_of(since)
