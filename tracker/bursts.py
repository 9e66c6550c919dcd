"""Bursts: one visitor that opens the links of many recipients as no crowd of people does. For the later pass.

A count of links opened by one network says nothing. Carriers put thousands of phones behind one /24, and in the minute after
a campaign left, hundreds of their customers open their links. Three things together tell one visitor from a crowd:

- It opens the links of many recipients within a minute.
- The network shows one face: nearly all that opened links from there sent the very same user agent. A crowd has phones
  of many makes, and even where most have one browser, whose user agent tells neither model nor version, a good part has not.
- It is prompt: most links were opened within seconds of the moment the operator took their message. A scanner works off
  messages as they pass; a person's phone must get the message first, and be taken up, unlocked and read.

Colleagues on one network with the same phones pass the first two and fail the third; people clicking in a hurry behind a
carrier fail the second. Some scanners escape, those with many networks, many faces or much patience: they count as people
then, and the figures are said to be no better. To take people out of the click rate would be the worse mistake, and for the
same reason a burst makes a hit suspect, never a machine's.

The figures below are no measurements. They lie far outside of what people do, and short of what scanners do: see
docs/adr/0006-verdicts-that-change.md.
"""

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

BURST_WITHIN = timedelta(minutes=1)

BURST_RECIPIENTS = 20
"""A household, a shop's or an office's network seldom holds more recipients of a campaign who click in the same minute."""

ONE_FACE_PERCENT = 90
"""Of the recipients whose links a network opened: those of one user agent. Were half of a crowd's phones indistinguishable,
18 of 20 would be once in 5,000 times."""

PROMPT = timedelta(seconds=10)
"""After the operator took the message."""

PROMPT_PERCENT = 50
"""Of the hits of a burst, at least. Of a crowd's clicks even in a campaign's first minute it is a small part."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A recipient's link was opened, by what may be a person."""

    at: datetime
    network: str
    user_agent: str
    n: int
    submitted_at: datetime | None

    @property
    def is_prompt(self) -> bool:
        return self.submitted_at is not None and self.at - self.submitted_at <= PROMPT


@dataclass(slots=True)
class _Visitor:
    """What one user agent of a network did in the last minute."""

    recipients: Counter[int] = field(default_factory=Counter)
    times: deque[datetime] = field(default_factory=deque)
    prompt: int = 0


@dataclass(slots=True)
class _Network:
    recipients: Counter[int] = field(default_factory=Counter)
    visitors: dict[str, _Visitor] = field(default_factory=dict)


class Bursts:
    """The bursts among a campaign's openings, which are told in the order of time. Holds a minute of them at once."""

    def __init__(self, openings: Iterable[Opening] = ()) -> None:
        self._window: deque[Opening] = deque()
        self._networks: dict[str, _Network] = {}
        self._found: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
        for opening in openings:
            self._see(opening)
        self._window.clear()
        self._networks.clear()

    def hold(self, network: str, user_agent: str, at: datetime) -> bool:
        """Whether a hit belongs to a burst."""
        stretches = self._found.get((network, user_agent), [])
        place = bisect_right(stretches, at, key=lambda stretch: stretch[0])
        return place > 0 and at <= stretches[place - 1][1]

    def _see(self, opening: Opening) -> None:
        while self._window and self._window[0].at <= opening.at - BURST_WITHIN:
            self._forget(self._window.popleft())
        self._window.append(opening)
        network = self._networks.setdefault(opening.network, _Network())
        visitor = network.visitors.setdefault(opening.user_agent, _Visitor())
        network.recipients[opening.n] += 1
        visitor.recipients[opening.n] += 1
        visitor.times.append(opening.at)
        visitor.prompt += opening.is_prompt
        if _is_burst(network, visitor):
            self._note(opening, visitor.times[0])

    def _forget(self, opening: Opening) -> None:
        network = self._networks[opening.network]
        visitor = network.visitors[opening.user_agent]
        _take(network.recipients, opening.n)
        _take(visitor.recipients, opening.n)
        visitor.times.popleft()
        visitor.prompt -= opening.is_prompt
        if not visitor.times:
            del network.visitors[opening.user_agent]
        if not network.visitors:
            del self._networks[opening.network]

    def _note(self, opening: Opening, since: datetime) -> None:
        """Adds the stretch to what was found, as one with the last if they overlap: they come in the order of their ends."""
        stretches = self._found.setdefault((opening.network, opening.user_agent), [])
        if stretches and since <= stretches[-1][1]:
            since, _ = stretches.pop()
        stretches.append((since, opening.at))


def _is_burst(network: _Network, visitor: _Visitor) -> bool:
    recipients = len(visitor.recipients)
    return (
        recipients >= BURST_RECIPIENTS
        and recipients * 100 >= ONE_FACE_PERCENT * len(network.recipients)
        and visitor.prompt * 100 >= PROMPT_PERCENT * len(visitor.times)
    )


def _take(counter: Counter[int], n: int) -> None:
    counter[n] -= 1
    if not counter[n]:
        del counter[n]
