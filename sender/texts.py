"""Turning claimed messages into what is submitted: fields read, text rendered, fragments cut. For `sender.route_sender`."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from sqlmodel import Session, col, select

from linksvc import promo_codes
from linksvc.bulk import among, read_rows
from linksvc.errors import InvalidRequest
from linksvc.fragments import split
from linksvc.keys import Keyring
from linksvc.models import Contact, Link, SerialBlock
from linksvc.short_codes import ShortCodes
from linksvc.single_texts import link_of, read_templates
from linksvc.standing_campaigns import GOES_ON, SINGLE
from linksvc.templates import Template
from linksvc.unseen_characters import seen
from sender.long_forms import Writing, payloads
from sender.messages import Claim, OpenCampaign, Outgoing

log = structlog.get_logger()


@dataclass(frozen=True)
class Composed:
    """The messages that can be sent, and the n of those that are too long to be."""

    messages: list[Outgoing]
    too_long: list[int]


class _Person(NamedTuple):
    first_name: str
    last_name: str
    city: str


_NOBODY = _Person("", "", "")
_USUAL = Writing()


class Composer:
    """Renders texts. One for each process; `template` and `compose` may run in any thread."""

    def __init__(self, keyring: Keyring, short_url: str) -> None:
        self._codes = ShortCodes.of(keyring)
        self._short_url = short_url

    def template(self, campaign: OpenCampaign) -> Template | None:
        """The campaign's text, or None (and a line in the log) if it cannot be read: then nothing of it is sent."""
        try:
            return Template.parse(campaign.text)
        except InvalidRequest as error:
            log.error("A campaign's text cannot be read", action="template_invalid", campaign=campaign.id, code=error.code)
            return None

    def compose(
        self,
        session: Session,
        campaign: OpenCampaign,
        template: Template,
        claims: Sequence[Claim],
        writing: Writing = _USUAL,
    ) -> Composed:
        """The texts of these claims, in order, as a route wants them written."""
        own = read_templates(session, campaign.id, [claim.n for claim in claims]) if campaign.kind == SINGLE else {}
        fields = template.fields.union(*(one.fields for one in own.values()))
        people = _people(session, campaign.workspace_id, claims) if fields else {}
        links: Mapping[int, str] = {}
        if "link" in fields:
            found = _Links(session, campaign.id, self._codes, self._short_url, own.keys())
            links = found.of([claim.n for claim in claims])
        composed = Composed([], [])
        for claim in claims:
            person = people.get(claim.contact_id, _NOBODY)
            values = self._values(campaign, claim, person, links.get(claim.n, ""))
            text = own.get(claim.n, template).render(values)
            try:
                composed.messages.append(_outgoing(campaign, claim, text, writing))
            except InvalidRequest:
                composed.too_long.append(claim.n)
        return composed

    def _values(self, campaign: OpenCampaign, claim: Claim, person: _Person, link: str) -> Mapping[str, str]:
        return {
            "first_name": person.first_name,
            "last_name": person.last_name,
            "city": person.city,
            "link": link,
            "code": promo_codes.display(claim.code),
            "stop": f"STOP {campaign.sender}",
        }


class _Links:
    """Which short links messages have, from the campaign's few blocks. With `own` from those of these messages alone: each
    single message has a link of its own."""

    def __init__(
        self, session: Session, campaign_id: int, codes: ShortCodes, short_url: str, own: Collection[int] = ()
    ) -> None:
        self._codes = codes
        self._short_url = short_url
        statement = (
            select(SerialBlock, Link.short_url)
            .join(Link, (col(Link.campaign_id) == SerialBlock.campaign_id) & (col(Link.id) == SerialBlock.link_id))
            .where(SerialBlock.campaign_id == campaign_id)
        )
        if own:
            statement = statement.where(among(session, col(SerialBlock.link_id), [link_of(n) for n in own]))
        self._blocks = sorted(session.exec(statement), key=lambda row: row[0].first_n)
        self._firsts = [block.first_n for block, _ in self._blocks]

    def of(self, ns: Iterable[int]) -> dict[int, str]:
        """The links of messages, by n, of those that have one."""
        by_block: dict[int, list[int]] = defaultdict(list)
        for n in ns:
            place = bisect_right(self._firsts, n) - 1
            if place >= 0 and n < self._firsts[place] + self._blocks[place][0].size:
                by_block[place].append(n)
        return {n: link for place, several in by_block.items() for n, link in self._of_block(place, several)}

    def _of_block(self, place: int, ns: Sequence[int]) -> Iterator[tuple[int, str]]:
        block, short_url = self._blocks[place]
        serials = [block.first_serial + n - block.first_n for n in ns]
        before = f"{short_url or self._short_url}/"
        return zip(ns, [before + code for code in self._codes.encode_all(serials, block.key_version)], strict=True)


def _people(session: Session, workspace_id: int, claims: Sequence[Claim]) -> dict[int, _Person]:
    ids = {claim.contact_id for claim in claims}
    # Imports leave out what turns the direction of reading; contacts of before may have it.
    told = read_rows(session, Contact, ("id", *_Person._fields), ("workspace_id", workspace_id), "id", ids)
    return {id: _Person(*map(seen, fields)) for id, *fields in told}


def _outgoing(campaign: OpenCampaign, claim: Claim, text: str, writing: Writing) -> Outgoing:
    pieces = split(text, writing.form, writing.alphabet)
    # A phone tells long messages apart by sender and reference. A number gets one message of a campaign, and campaigns that
    # are sent at one time have ids near each other; of one of replies or single messages it may get many.
    reference = claim.n if campaign.kind in GOES_ON else campaign.id
    parts = payloads(pieces, writing.form, reference)
    person = (claim.n, claim.contact_id, claim.number)
    return Outgoing(campaign, *person, pieces.data_coding, parts, claim.country, claim.network)
