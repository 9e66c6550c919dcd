"""Scenarios: files that say which knob is turned when, and what happens when. They replay: the same file, seed and
submissions make the same story.

A file is TOML. `[knobs]` holds from the beginning. Each `[[step]]` begins `at` so many seconds or `after` so many
submit_sm. It has `set`, knobs that are turned, back again at `until` (seconds) or `until_after` (submit_sm) if there is
one, or `act`: disconnect, unbind, restart (unreachable for `down_s`) or inbound (`number`, `text`, and `to` if it is not
`inbound_to`).
"""

import asyncio
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from linksvc.clock import Clock
from sender.simulator.agenda import Agenda
from sender.simulator.entries import StepTaken
from sender.simulator.knobs import Knobs, read_knobs
from sender.simulator.ledger import Ledger
from sender.simulator.smsc import Smsc

_ACTS = ("disconnect", "unbind", "restart", "inbound")
_NUMBER = re.compile(r"\+?[0-9]{3,15}", re.ASCII)
_FIELDS = {"at", "after", "until", "until_after", "set", "act", "number", "to", "text", "down_s"}

Write = Callable[[str, str, str], None]
"""(number, address, text): lets a phone write; an empty address is `inbound_to`."""


@dataclass(frozen=True)
class Moment:
    """So many seconds after the start, or so many submit_sm; one of them is None."""

    at_s: float | None = None
    after: int | None = None


@dataclass(frozen=True)
class Step:
    """One step; see the module. `changes` are settings' fields, `end` is when they are what they were again."""

    begin: Moment
    end: Moment | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    act: str = ""
    number: str = ""
    to: str = ""
    text: str = ""
    down_s: float = 0.5

    @property
    def name(self) -> str:
        """For the ledger."""
        return self.act or ", ".join(f"{name} = {value}" for name, value in self.changes.items())


@dataclass(frozen=True)
class Scenario:
    """What a file says."""

    knobs: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    @classmethod
    def read(cls, path: Path) -> "Scenario":
        """The scenario of a file. Raises OSError, and ValueError that says what is wrong where."""
        try:
            return cls.parse(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}: byte {error.start + 1:,} is no UTF-8; a scenario is a text of TOML") from None
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def parse(cls, text: str) -> "Scenario":
        """The scenario of a text. Raises ValueError that says what is wrong where."""
        values = tomllib.loads(text)
        if strange := set(values) - {"knobs", "step"}:
            raise ValueError(f"there is no “{min(strange)}” in a scenario: it has [knobs] and [[step]]")
        steps = values.get("step", [])
        if not isinstance(steps, list) or not isinstance(values.get("knobs", {}), dict):
            raise ValueError("a scenario has one table [knobs], and steps as [[step]]")
        return cls(read_knobs(values.get("knobs", {})), tuple(_step(index, step) for index, step in enumerate(steps, 1)))


class Player:
    """Plays a scenario's steps, from `start` on. `heard` is told how many submit_sm have come."""

    def __init__(
        self, scenario: Scenario, knobs: Knobs, agenda: Agenda, ledger: Ledger, clock: Clock, smsc: Smsc, write: Write
    ) -> None:
        self._scenario = scenario
        self._knobs = knobs
        self._agenda = agenda
        self._ledger = ledger
        self._clock = clock
        self._smsc = smsc
        self._write = write
        self._counted: list[tuple[int, Callable[[], None]]] = []
        self._timers: list[asyncio.TimerHandle] = []

    def start(self) -> None:
        for step in self._scenario.steps:
            self._when(step.begin, partial(self._begin, step))

    def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()

    def heard(self, submitted: int) -> None:
        due = [action for after, action in self._counted if after <= submitted]
        self._counted = [(after, action) for after, action in self._counted if after > submitted]
        for action in due:
            action()

    def _when(self, moment: Moment, action: Callable[[], None]) -> None:
        if moment.after is not None:
            self._counted.append((moment.after, action))
        else:
            delay_s = (moment.at_s or 0.0) / self._knobs.now.speed
            self._timers.append(asyncio.get_running_loop().call_later(delay_s, action))

    def _begin(self, step: Step) -> None:
        self._note(step.name)
        former = self._knobs.turn(step.changes) if step.changes else {}
        if step.end:
            end = step.end
            if end.at_s is not None and step.begin.at_s is not None:
                end = Moment(end.at_s - step.begin.at_s)
            self._when(end, partial(self._end, step, former))
        if step.act:
            self._act(step)

    def _end(self, step: Step, former: Mapping[str, Any]) -> None:
        self._note(f"end of {step.name}")
        self._knobs.turn(former)

    def _act(self, step: Step) -> None:
        match step.act:
            case "disconnect":
                self._smsc.disconnect("disconnect")
            case "unbind":
                self._smsc.unbind()
            case "restart":
                down_s = step.down_s / self._knobs.now.speed
                self._agenda.later(0.0, lambda: self._smsc.restart(down_s))
            case "inbound":
                self._write(step.number, step.to, step.text)

    def _note(self, name: str) -> None:
        self._ledger.append(StepTaken(name, self._smsc.submitted, self._clock()))


def _step(index: int, values: Mapping[str, Any]) -> Step:
    try:
        if strange := set(values) - _FIELDS:
            raise ValueError(f"there is no “{min(strange)}”: a step has {', '.join(sorted(_FIELDS))}")
        act, changes = str(values.get("act", "")), values.get("set", {})
        if bool(act) == bool(changes):
            raise ValueError("it has either “set” or “act”")
        if act and act not in _ACTS:
            raise ValueError(f"there is no act “{act}”: there are {', '.join(_ACTS)}")
        if act == "inbound":
            _check_inbound(values)
        begin, end = _moment(values, "at", "after"), _moment(values, "until", "until_after")
        if begin is None:
            raise ValueError("it has no beginning: “at” seconds or “after” submit_sm")
        _check_end(act, begin, end)
        texts = {name: str(values[name]) for name in ("number", "to", "text") if name in values}
        return Step(begin, end, read_knobs(changes), act, down_s=_down_s(values.get("down_s", 0.5)), **texts)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"step {index}: {error}") from None


def _check_end(act: str, begin: Moment, end: Moment | None) -> None:
    """A step that ends before it begins would be over before it did anything, without a word."""
    if end is None:
        return
    if act:
        raise ValueError(f"“{act}” happens once: “until” and “until_after” are of “set”")
    if begin.at_s is not None and end.at_s is not None and end.at_s <= begin.at_s:
        raise ValueError(f"it ends at {end.at_s:g} s and begins at {begin.at_s:g} s: “until” is counted from the start, too")
    if begin.after is not None and end.after is not None and end.after <= begin.after:
        raise ValueError(f"it ends after {end.after} submit_sm and begins after {begin.after}: “until_after” is the greater")


def _check_inbound(values: Mapping[str, Any]) -> None:
    if not (values.get("number") and values.get("text")):
        raise ValueError("inbound wants “number” and “text”")
    if not _NUMBER.fullmatch(str(values["number"])):
        raise ValueError(f"“{values['number']}” is no phone's number: write it as +33639980001")


def _down_s(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
        raise ValueError(f"“{value}” is no time to be down: “down_s” is in seconds, from 0")
    return float(value)


def _moment(values: Mapping[str, Any], seconds: str, submissions: str) -> Moment | None:
    if seconds in values and submissions in values:
        raise ValueError(f"it has either “{seconds}” or “{submissions}”")
    value = values.get(seconds, values.get(submissions, 0))
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
        raise ValueError(f"“{value}” is no moment: “{seconds}” is in seconds, “{submissions}” in submit_sm, from 0")
    if seconds in values:
        return Moment(at_s=float(value))
    return Moment(after=int(value)) if submissions in values else None
