"""Whether a process can do its work, as conditions with names. Each room says its own; `ricochet.listener` tells them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that ought to be so.

    `detail` says what is the case, for an operator. Without a `needed` condition the process is not ready; without
    another it is degraded: it should be looked at, and goes on answering.
    """

    name: str
    met: bool
    needed: bool
    detail: str


Conditions = Callable[[], Awaitable[Sequence[Condition]]]
"""Looks how things are now."""
