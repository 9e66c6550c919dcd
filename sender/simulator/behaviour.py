"""What a person will do with a message, and what the programs around it will: drawn once from the seed, then acted out."""

from dataclasses import dataclass
from random import Random

from sender.simulator.agents import DISGUISED, MACHINES, PHONES

GLUED = (".", ",", "!", ")", "...", "%29", '"', "'", ":", ";", "?", "/", "]")
"""What messaging apps take for a part of the link."""

STOPS = ("STOP", "stop", "Stop.", "ARRET", "Arrêt", "arrêt", "stop svp", "STOP merci")
REPLIES = ("Merci !", "ok", "Qui êtes-vous ?", "À samedi 😀", "C'est valable en boutique ?", "Trop cher...")

_STOP_WORDS = {"stop", "arret", "arrêt"}


@dataclass(frozen=True)
class Habits:
    """How common each behaviour is: shares of the people, from 0 to 1."""

    previewed: float = 0.35
    """Some recognisable machine opens the link."""
    disguised: float = 0.03
    """A machine that nobody can tell from a person opens it."""
    clicking: float = 0.35
    repeating: float = 0.30
    """Of those who click: once more, or several times."""
    private: float = 0.05
    """Of the phones: those whose browser sends Sec-GPC."""
    glued: float = 0.15
    """Of those who click: with punctuation behind the link."""
    redeeming: float = 0.40
    """Of those who click."""
    redeeming_unclicked: float = 0.05
    """Of those who do not: the code read off the message."""
    retrying: float = 0.25
    """Of those who redeem: the till sends the same request again."""
    spending_twice: float = 0.10
    """Of those who redeem: with a new order."""
    engaging: float = 0.60
    """Of those who click, where the link opens a landing page: they press something on it."""
    stopping: float = 0.04
    replying: float = 0.03


@dataclass(frozen=True)
class Behaviour:
    """`machines` and `disguised` name visitors of `agents`; `glued` is what stands behind the link at each click."""

    phone: str = PHONES[0]
    private: bool = False
    machines: tuple[str, ...] = ()
    disguised: str = ""
    clicks: int = 0
    glued: str = ""
    redeems: bool = False
    retries: bool = False
    spends_twice: bool = False
    reply: str = ""
    stops: bool = False
    engages: bool = False


def says_stop(text: str) -> bool:
    """Whether somebody who writes this wants no more: its first word says so."""
    first = text.split(maxsplit=1)[:1]
    return bool(first) and first[0].strip(".,!").casefold() in _STOP_WORDS


def draw_behaviour(random: Random, habits: Habits) -> Behaviour:
    """One person's behaviour."""
    clicks = _clicks(random, habits)
    redeems = random.random() < (habits.redeeming if clicks else habits.redeeming_unclicked)
    stops = random.random() < habits.stopping
    replies = not stops and random.random() < habits.replying
    return Behaviour(
        phone=random.choice(PHONES),
        private=random.random() < habits.private,
        machines=_machines(random, habits),
        disguised=random.choice(sorted(DISGUISED)) if random.random() < habits.disguised else "",
        clicks=clicks,
        glued=random.choice(GLUED) if clicks and random.random() < habits.glued else "",
        redeems=redeems,
        retries=redeems and random.random() < habits.retrying,
        spends_twice=redeems and random.random() < habits.spending_twice,
        reply=random.choice(STOPS) if stops else random.choice(REPLIES) if replies else "",
        stops=stops,
        engages=clicks > 0 and random.random() < habits.engaging,
    )


def _clicks(random: Random, habits: Habits) -> int:
    if random.random() >= habits.clicking:
        return 0
    return random.randint(2, 4) if random.random() < habits.repeating else 1


def _machines(random: Random, habits: Habits) -> tuple[str, ...]:
    if random.random() >= habits.previewed:
        return ()
    return tuple(random.sample(sorted(MACHINES), random.choice((1, 1, 2, 3))))
