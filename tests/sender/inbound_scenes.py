"""What tests of replies share: people who were written to, what they say, and what the database holds then."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Engine
from sqlmodel import SQLModel, col, select

from linksvc.database import reading, writing
from linksvc.models import Attempt, Campaign, Inbound, Message, Suppression
from linksvc.route_accounts import RouteReading
from sender import inbound
from sender.concatenation import UDHI, Concatenation, add_header
from sender.pdus import Pdu
from tests import factories
from tests.factories import NOW

Row = TypeVar("Row", bound=SQLModel)

ZOE = "+33639980001"


def deliver(number: str, text: bytes, to: str = "36180", data_coding: int = 3, **fields: str | int | bytes) -> Pdu:
    values: dict[str, str | int | bytes] = {
        "source_addr": number.lstrip("+"),
        "destination_addr": to,
        "short_message": text,
        "data_coding": data_coding,
    }
    return Pdu("deliver_sm", 1, 0, values | fields)


def in_parts(
    number: str, parts: Sequence[bytes], *, reference: int = 7, wide: bool = False, to: str = "36180", data_coding: int = 3
) -> list[Pdu]:
    """A message in parts with headers, in order."""
    return [
        deliver(number, add_header(part, Concatenation(reference, len(parts), place), wide), to, data_coding, esm_class=UDHI)
        for place, part in enumerate(parts, 1)
    ]


@dataclass
class Scene:
    """A database and a route that replies come in by."""

    engine: Engine
    route_id: int
    reading: RouteReading = field(default_factory=RouteReading)

    def hear(self, *pdus: Pdu, at: datetime = NOW) -> None:
        """Receives PDUs, one transaction each, as a slow bind does."""
        for pdu in pdus:
            with writing(self.engine) as session:
                inbound.store(session, self.route_id, [inbound.read(pdu, at, self.reading)], at)

    def say(self, text: str, *, number: str = ZOE, at: datetime = NOW, to: str = "36180") -> None:
        self.hear(deliver(number, text.encode("latin-1"), to), at=at)

    def wrote(
        self,
        workspace_id: int,
        number: str = ZOE,
        *,
        at: datetime = NOW,
        country: str = "FR",
        contact: bool = True,
        **campaign: str,
    ) -> int:
        """A campaign of the workspace that has handed a message over to the number; returns its id."""
        campaign_id = factories.produced_campaign(self.engine, workspace_id, 0, **campaign)
        contact_id = factories.contact(self.engine, workspace_id, number, identity=f"x:{campaign_id}") if contact else 0
        with writing(self.engine) as session:
            session.add(
                Message(
                    campaign_id=campaign_id,
                    n=0,
                    contact_id=contact_id,
                    number=number,
                    country=country,
                    network="20801",
                    tracked=False,
                    produced_at=at,
                )
            )
            session.flush()
            shared = {"campaign_id": campaign_id, "n": 0, "part": 1, "attempt": 1, "parts": 1, "worker": "w"}
            session.add(Attempt(**shared, route_id=self.route_id, outcome="accepted", occurred_at=at, recorded_at=at))
        return campaign_id

    def rows(self, table: type[Row]) -> list[Row]:
        with reading(self.engine) as session:
            found = list(session.exec(select(table)))
            session.expunge_all()
            return found

    def inbounds(self) -> list[Inbound]:
        return sorted(self.rows(Inbound), key=lambda row: (row.occurred_at, row.id))

    def texts(self) -> list[str]:
        return sorted(row.text for row in self.rows(Inbound))

    def suppressed(self, number: str = ZOE) -> set[int]:
        return {row.workspace_id for row in self.rows(Suppression) if row.number == number}

    def answers(self) -> list[tuple[str, str, str]]:
        """The automatic answers: the word, whom it goes to, what it says; in their order."""
        statement = (
            select(Campaign.name, Message.number, Campaign.text)
            .join(Message, col(Message.campaign_id) == col(Campaign.id))
            .where(Campaign.kind == "reply")
            .order_by(col(Message.produced_at), col(Campaign.id), col(Message.n))
        )
        with reading(self.engine) as session:
            return list(session.exec(statement))
