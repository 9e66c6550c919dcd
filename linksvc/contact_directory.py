"""Who is who: the row of a file and the contact it is about. Called by `linksvc.contacts`, batch by batch.

A contact is told apart by number or by external id. Both kinds may meet in one workspace, and one person must not become
two contacts, who would get a message each:

- by number, a row goes to the contact that has the number, whatever it is told apart by;
- by external id, it goes to the contact with that id, else to one told apart by the same number that has no other id, which
  is told apart by the id from then on, else it is somebody new; without an id it goes by number.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

DETAILS = ("first_name", "last_name", "city", "timezone", "language", "birthday")
MARKETING, TRACKING = "marketing", "tracking"


@dataclass(frozen=True, slots=True)
class Grant:
    """A consent given: where it was collected, and when."""

    source: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a source says about one person. `details` are of DETAILS; `fields` is whatever else it says."""

    number: str
    country: str
    external_id: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    marketing: Grant | None = None
    tracking: Grant | None = None


@dataclass
class Person:
    """A contact in the making: what is known of them by the row under way."""

    id: int | None
    identity: str
    number: str
    external_id: str
    country: str = ""
    details: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    grants: list[tuple[str, Grant]] = field(default_factory=list)

    def learn(self, arrival: Arrival) -> None:
        self.number, self.country = arrival.number, arrival.country
        if arrival.external_id and not self.identity.startswith("x:"):
            self.external_id = arrival.external_id
        self.details |= arrival.details
        self.fields |= arrival.fields
        for purpose, grant in ((MARKETING, arrival.marketing), (TRACKING, arrival.tracking)):
            if grant and (purpose, grant) not in self.grants:
                self.grants.append((purpose, grant))


class Directory:
    """Who is who, row after row: the contacts that a batch may meet, and those it makes."""

    def __init__(self, known: Iterable[Person], *, by_external_id: bool) -> None:
        self._by_external_id = by_external_id
        self._by_identity: dict[str, Person] = {}
        self._by_number: defaultdict[str, list[Person]] = defaultdict(list)
        for person in known:
            self._enter(person)

    def take(self, arrival: Arrival) -> Person:
        """The person of an arrival, who now knows what it says."""
        external_id = arrival.external_id if self._by_external_id else ""
        person = self._of_id(external_id, arrival.number) if external_id else self._of_number(arrival.number)
        if person is None:
            identity = f"x:{external_id}" if external_id else f"n:{arrival.number}"
            person = Person(None, identity, arrival.number, external_id)
        else:
            self._leave(person)
        person.learn(arrival)
        self._enter(person)
        return person

    def _of_id(self, external_id: str, number: str) -> Person | None:
        if person := self._by_identity.get(f"x:{external_id}"):
            return person
        person = self._by_identity.get(f"n:{number}")
        if person is None or person.external_id not in ("", external_id):
            return None
        self._leave(person)
        person.identity, person.external_id = f"x:{external_id}", external_id
        self._enter(person)
        return person

    def _of_number(self, number: str) -> Person | None:
        sharing = self._by_number[number]
        return self._by_identity.get(f"n:{number}") or (sharing[0] if sharing else None)

    def _enter(self, person: Person) -> None:
        self._by_identity[person.identity] = person
        self._by_number[person.number].append(person)

    def _leave(self, person: Person) -> None:
        del self._by_identity[person.identity]
        self._by_number[person.number].remove(person)
