"""Whoever tries promo codes: who mostly tries codes that do not exist is slowed down, and the alarm is raised.

Asked by the API's operations that take a code (`Call.try_code`) and by the till page. What is over is refused without a look
at the code; what is looked at asks the same index once, whether the code exists, is another workspace's or cannot be one.
Only codes that do not exist count: a queue of customers with a code that ended yesterday is no attack.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TypeVar

import structlog

from linksvc.code_worth import Refusal
from linksvc.errors import TooManyRequests
from linksvc.guessing import Guessing, Patience

log = structlog.get_logger()

Found = TypeVar("Found")

UNKNOWN = "code_not_found"
"""The refusal that counts."""

ONE_TILL = Patience(least_misses=20, share=0.5, bucket_per_s=0.5, bucket_size=5, most_misses=100)
"""A cashier mistypes; nobody types twenty codes a minute that do not exist. A guesser who mixes in a code that does exist
is known by the number alone. Whoever is held back may still try a code every two seconds, which is as fast as one types."""

ONE_NETWORK = Patience(least_misses=40, share=0.5, bucket_per_s=1, bucket_size=10)
"""A /24 or /64. One server may speak for the tills of a thousand shops, so only the share counts."""

ONE_SHOP = Patience(least_misses=120, share=0.5, bucket_per_s=2, bucket_size=20, most_misses=600)
"""More than one key that is held back can reach: a stolen key slows its own till down, several of them slow the shop."""

PATIENCE = {"key": ONE_TILL, "address": ONE_NETWORK, "shop": ONE_SHOP}


@dataclass(frozen=True, slots=True)
class Attempter:
    """Who tries a code. `network` is a /24 or a /64 as text, empty where it is not known."""

    key_id: int
    shop_id: int | None
    network: str

    @property
    def subjects(self) -> Mapping[str, str]:
        """By what they are watched as; what is not known is watched as nothing."""
        shop = "" if self.shop_id is None else str(self.shop_id)
        known = {"key": str(self.key_id), "address": self.network, "shop": shop}
        return {kind: subject for kind, subject in known.items() if subject}


class CodeAttempts:
    """One per process; each counts for itself. For any number of threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._watched = {kind: Guessing(patience, partial(_say, kind), monotonic) for kind, patience in PATIENCE.items()}
        self._lock = Lock()

    def ask(self, who: Attempter, ask: Callable[[], Found | Refusal]) -> Found | Refusal:
        """What `ask` says of a code, unless it must not be asked now. Raises TooManyRequests (`too_many_wrong_codes`)."""
        self._admit(who)
        answer = ask()
        self.count(who, answer)
        return answer

    def alarms(self) -> Mapping[str, float]:
        """How often somebody began to guess, by what gave them away; below, who is held back, and what was refused."""
        return {kind: watched.alarms for kind, watched in self._watched.items()}

    def held(self) -> Mapping[str, float]:
        with self._lock:
            return {kind: watched.throttled for kind, watched in self._watched.items()}

    def refused(self) -> Mapping[str, float]:
        return {kind: watched.refused for kind, watched in self._watched.items()}

    def _admit(self, who: Attempter) -> None:
        with self._lock:
            for kind, subject in who.subjects.items():
                watched = self._watched[kind]
                if watched.refuses(subject):
                    wait_s = math.ceil(watched.wait_s(subject))
                    raise TooManyRequests(
                        f"Most codes that this {kind} tried do not exist, so it may try one now and then. Wait {wait_s} s.",
                        code="too_many_wrong_codes",
                        retry_after_s=wait_s,
                    )

    def holds_back(self, who: Attempter) -> bool:
        """Whether somebody's codes must go through `ask`, one by one. Whose need not may be looked at together; then `count`
        is told of each."""
        with self._lock:
            return any(self._watched[kind].holds(subject) for kind, subject in who.subjects.items())

    def count(self, who: Attempter, answer: object) -> None:
        """What became of a code that was looked at."""
        missed = isinstance(answer, Refusal) and answer.reason == UNKNOWN
        with self._lock:
            for kind, subject in who.subjects.items():
                watched = self._watched[kind]
                (watched.missed if missed else watched.found)(subject)


def _say(kind: str, subject: str, alarms: int) -> None:
    """A key and a shop by their number, a network as it is."""
    log.warning("promo codes are guessed; slowed down", action="codes.guessed", by=kind, subject=subject, alarms=alarms)
