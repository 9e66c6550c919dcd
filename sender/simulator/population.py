"""The people of a simulation: who they are, what they agreed to and what they will do, the same for the same seed.

For the simulator, and for the demo, which imports them as files like any marketer's (`to_csv`).
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sender.simulator.behaviour import Behaviour, Habits, draw_behaviour
from sender.simulator.numbers import reserved_numbers

_FIRST_NAMES = (
    "Zoé Émile Fatou Océane Nadia Yann Hugo Anaïs Marie Léa Héloïse Inès Élodie Aïcha Célia Théo Maëlle François "
    "Mohamed Jean-Baptiste Benoît Gaël Jérôme Paul Camille Noël Loïc Chloé Sofia Ewa Marie-Antoinette Björn"
)
_LAST_NAMES = (
    "Thomas,Tremblay,O’Brien,Petit,Garçon,Sánchez,Dubois,Le Goff,Robert,Durand,Bernard,Laurent,Martin,Moreau,N'Diaye,"
    "Château,Richard,d'Arcy,Lefèvre,Müller,Lê,Peña,Kowalski,Ben Saïd"
)
_CITIES = {
    "FR": ("Paris", "Lyon", "Marseille", "Lille", "Nantes", "Nîmes", "Bordeaux", "Toulouse", "Strasbourg", "Saint-Étienne"),
    "GB": ("London", "Leeds", "Bristol", "Glasgow", "Cardiff"),
    "CA": ("Montréal", "Québec", "Toronto", "Trois-Rivières", "Vancouver"),
    "US": ("Boston", "Chicago", "Denver", "San José", "Austin"),
}
_HEADER = (
    "Prénom",
    "Nom",
    "Téléphone mobile",
    "Ville",
    "Code client",
    "Pays",
    "Accord SMS",
    "Date accord",
    "Origine",
)
_YES, _NO = ("oui", "Oui", "OUI", "x", "1"), ("non", "")
_SOURCES = ("jeu concours", "formulaire web", "point de vente")
_CONSENTS_FROM = date(2025, 1, 2)


@dataclass(frozen=True)
class Person:
    """Somebody with a phone. `number` is E.164, `country` ISO 3166; the consents are to receive and to be followed."""

    number: str
    external_id: str
    first_name: str
    last_name: str
    city: str
    country: str
    marketing_consent: bool
    tracking_consent: bool
    behaviour: Behaviour


@dataclass(frozen=True)
class Consents:
    """The shares of the people who agree, from 0 to 1."""

    marketing: float = 0.97
    tracking: float = 0.88


def people(
    count: int, seed: int, first: int = 0, *, habits: Habits | None = None, consents: Consents | None = None
) -> tuple[Person, ...]:
    """`count` people with distinct numbers; `first` skips that many numbers, so that other people are met.

    Raises ValueError when there are not as many numbers reserved for fiction.
    """
    numbers = reserved_numbers()
    if count < 0 or first < 0 or first + count > len(numbers):
        raise ValueError(
            f"{count} people after the first {first} are not to be had: {len(numbers)} numbers are reserved for fiction. "
            "Ask for fewer people, or begin in an empty data directory."
        )
    habits, consents = habits or Habits(), consents or Consents()
    return tuple(
        _person(index, number, country, seed, habits, consents)
        for index, (number, country) in enumerate(numbers[first : first + count], first)
    )


def _person(index: int, number: str, country: str, seed: int, habits: Habits, consents: Consents) -> Person:
    random = Random(f"{seed}:{number}:person")  # noqa: S311 - what is drawn is a story, no secret.
    return Person(
        number=number,
        external_id=f"D{index + 1:06d}",
        first_name=random.choice(_FIRST_NAMES.split()),
        last_name=random.choice(_LAST_NAMES.split(",")),
        city=random.choice(_CITIES[country]),
        country=country,
        marketing_consent=random.random() < consents.marketing,
        tracking_consent=random.random() < consents.tracking,
        behaviour=draw_behaviour(Random(f"{seed}:{number}:behaviour"), habits),  # noqa: S311 - as above.
    )


def to_csv(people: Iterable[Person]) -> bytes:
    """The people as a marketer's spreadsheet writes them: Windows-1252, semicolons, numbers in every manner.

    Consent to tracking has no column, as in the field: whoever imports declares it for the file.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(_HEADER)
    for person in people:
        writer.writerow(_row(person))
    return out.getvalue().encode("cp1252")


def _row(person: Person) -> tuple[str, ...]:
    random = Random(f"{person.number}:row")  # noqa: S311 - only the manner of writing.
    return (
        person.first_name,
        person.last_name,
        _written(person, random),
        person.city,
        person.external_id,
        person.country,
        random.choice(_YES if person.marketing_consent else _NO),
        (_CONSENTS_FROM + timedelta(days=random.randrange(300))).isoformat(),
        random.choice(_SOURCES),
    )


def _written(person: Person, random: Random) -> str:
    """The number in one of the manners people write it in."""
    if person.country == "FR":
        national = person.number.removeprefix("+33")
        pairs = [national[i : i + 2] for i in range(1, 9, 2)]
        return random.choice(
            (
                f"0{national}",
                " ".join([f"0{national[0]}", *pairs]),
                ".".join([f"0{national[0]}", *pairs]),
                " ".join(["+33", national[0], *pairs]),
                f"0033{national}",
                "-".join([f"(+33) 0{national[0]}", *pairs]),
                national,
            )
        )
    if person.country == "GB":
        return random.choice((person.number, f"+44 {person.number[3:7]} {person.number[7:]}"))
    return random.choice((person.number, f"+1 {person.number[2:5]} {person.number[5:8]} {person.number[8:]}"))
