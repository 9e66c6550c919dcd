"""The phones: each reads the message it got, and its owner, and the programs that see the message, do what they do.

A handset knows what a phone knows: the text. Link and code are found in it, or nothing is opened and nothing redeemed.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial
from random import Random
from urllib.parse import urlsplit

from linksvc.clock import Clock
from sender.simulator.addresses import disguised_address, machine_address, person_address
from sender.simulator.agenda import Agenda
from sender.simulator.agents import DISGUISED, DISGUISED_MACHINE, MACHINE, MACHINES, PERSON, Headers, Visitor
from sender.simulator.delays import Delay
from sender.simulator.entries import Anomaly, CodeRedeemed, HitAnswered, PageUsed, ReplyTaken
from sender.simulator.fates import Fates
from sender.simulator.intake import Sms
from sender.simulator.ledger import FOUND, SHOWN, Ledger
from sender.simulator.pages import Page, PageTrouble, Reader, read_page
from sender.simulator.population import Person
from sender.simulator.settings import Pace
from sender.simulator.till import Paid, Sale, ShopAccess, Till, TillError
from sender.simulator.web import Reply, Unanswered, Web

_LINK = re.compile(r"""https?://\S+?(?=[.,;:!?)\]}>'"»]*(?:\s|$))""")
"""What a messaging app underlines, the punctuation behind it left out."""

_CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}\b")

_BROWSER_HEADERS: Headers = (
    ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("Accept-Language", "fr-FR,fr;q=0.9,en;q=0.6"),
)
_PURPOSES = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_PRIVACY: Headers = (("Sec-GPC", "1"),)

SendReply = Callable[[str, str, str, Callable[[], None]], None]
"""(number, address, text, taken): an answer goes back through the SMSC."""


class Handsets:
    """All the phones of a population."""

    def __init__(
        self,
        people: Iterable[Person],
        *,
        fates: Fates,
        speed: float,
        pace: Pace,
        agenda: Agenda,
        ledger: Ledger,
        clock: Clock,
        shop: ShopAccess | None,
        send_reply: SendReply,
    ) -> None:
        self._people = {person.number: person for person in people}
        self._fates = fates
        self._speed = speed
        self._pace = pace
        self._agenda = agenda
        self._ledger = ledger
        self._clock = clock
        self._shop = shop
        self._send_reply = send_reply
        self._web = Web()
        self._stopped: set[str] = set()

    def receive(self, sms: Sms) -> None:
        """A message arrives: whatever comes of it is put on the agenda."""
        person = self._people.get(sms.number)
        if person is None:
            return  # Nobody of ours has this number.
        random = self._fates.random(sms.number, f"handset {sms.message}")
        link, code = _find(_LINK, sms.text), _find(_CODE, sms.text)
        last_click_s = self._plan_visits(person, sms, link, random) if link else 0.0
        if code and self._shop and self._shop.api_keys and person.behaviour.redeems:
            delay_s = (last_click_s or self._draw(self._pace.reading, random)) + self._draw(self._pace.buying, random)
            till = Till(self._web, self._shop, random)
            sale = till.ring_up(_as_typed(code, random))
            self._agenda.later(delay_s, lambda: self._buy(person, sms, till, sale))
        if person.behaviour.reply and sms.number not in self._stopped:
            self._agenda.later(self._draw(self._pace.answering, random), lambda: self._answer(person, sms))

    def _plan_visits(self, person: Person, sms: Sms, link: str, random: Random) -> float:
        """Puts all visits of a link on the agenda; returns when the person's last one is."""
        behaviour = person.behaviour
        for name in behaviour.machines:
            address = person_address(person.number) if MACHINES[name].own_address else machine_address(name, person.number)
            self._visit_later(self._draw(self._pace.machine, random), sms, link, MACHINE, MACHINES[name], address)
        if behaviour.disguised:
            visitor, address = DISGUISED[behaviour.disguised], disguised_address(behaviour.disguised, person.number)
            self._visit_later(self._draw(self._pace.machine, random), sms, link, DISGUISED_MACHINE, visitor, address)
        browser = Visitor(behaviour.phone, headers=_BROWSER_HEADERS + (_PRIVACY if behaviour.private else ()))
        at_s = self._pace.quickest_s if behaviour.clicks else 0.0
        for click in range(behaviour.clicks):
            at_s += self._draw(self._pace.repeating if click else self._pace.reading, random)
            visit = partial(self._open, person, sms, link + behaviour.glued, browser, self._draw(self._pace.looking, random))
            self._agenda.later(at_s, visit)
        return at_s

    def _visit_later(self, delay_s: float, sms: Sms, link: str, kind: str, visitor: Visitor, address: str) -> None:
        async def visit() -> None:
            await self._visit(sms, link, kind, visitor, address)

        self._agenda.later(delay_s, visit)

    async def _open(self, person: Person, sms: Sms, link: str, browser: Visitor, looking_s: float) -> None:
        """Opens the link, and looks at the page if it is one of ours."""
        reply = await self._visit(sms, link, PERSON, browser, person_address(person.number))
        page = read_page(link, reply.text) if reply and reply.status == SHOWN else None
        if page:
            self._agenda.later(looking_s, partial(self._look, person, sms, page, browser))

    async def _look(self, person: Person, sms: Sms, page: Page, browser: Visitor) -> None:
        agent = (("User-Agent", browser.user_agent), *browser.headers)
        reader = Reader(self._web, agent, person_address(person.number))
        try:
            used = await reader.look(page, presses=person.behaviour.engages)
        except (Unanswered, PageTrouble) as error:
            self._anomaly(sms, "a page was not answered", str(error))
            return
        if used:
            self._ledger.append(PageUsed(sms.number, sms.message, self._clock()))

    async def _visit(self, sms: Sms, link: str, kind: str, visitor: Visitor, address: str) -> Reply | None:
        """What the link was answered with, None if it was not."""
        agent: Headers = (("User-Agent", visitor.user_agent),) if visitor.user_agent else ()
        try:
            reply = await self._web.request(visitor.method, link, agent + visitor.headers, address=address)
        except Unanswered as error:
            self._anomaly(sms, "a link was not answered", str(error))
            return None
        headers = dict(visitor.headers)
        self._ledger.append(
            HitAnswered(
                number=sms.number,
                message=sms.message,
                kind=kind,
                address=address,
                method=visitor.method,
                user_agent=visitor.user_agent,
                purpose=next((headers[name] for name in _PURPOSES if name in headers), ""),
                private=_PRIVACY[0] in visitor.headers,
                status=reply.status,
                at=self._clock(),
            )
        )
        if reply.status != SHOWN and (reply.status != FOUND or not urlsplit(reply.location).netloc):
            self._anomaly(sms, "a link led nowhere", f"{visitor.method} by a {kind} was answered {reply.status}")
        return reply

    async def _buy(self, person: Person, sms: Sms, till: Till, sale: Sale) -> None:
        try:
            if not await till.is_valid(sale):
                self._anomaly(sms, "a code was not valid", "before its first use")
            paid = await self._redeem(sms, till, sale)
            if paid is None:
                self._anomaly(sms, "a code was refused", "at its first use")
            if person.behaviour.retries and await till.redeem(sale) != paid:
                self._anomaly(sms, "a repeated request was answered differently", "at the till")
            if person.behaviour.spends_twice:
                await self._redeem(sms, till, till.ring_up(sale.code))
        except TillError as error:
            self._anomaly(sms, "a till was left alone", str(error))

    async def _redeem(self, sms: Sms, till: Till, sale: Sale) -> Paid | None:
        paid = await till.redeem(sale)
        if paid is not None:
            self._ledger.append(
                CodeRedeemed(sms.number, sms.message, sale.order_ref, paid.amount_minor, paid.currency, self._clock())
            )
        return paid

    async def _answer(self, person: Person, sms: Sms) -> None:
        stops = person.behaviour.stops
        if sms.number in self._stopped:
            return
        if stops:
            # They say it once, and nothing to what confirms it.
            self._stopped.add(sms.number)

        def taken() -> None:
            self._ledger.append(ReplyTaken(sms.number, sms.message, stops, self._clock()))

        self._send_reply(sms.number, sms.sender, person.behaviour.reply, taken)

    def _draw(self, delay: Delay, random: Random) -> float:
        return delay.draw(random) / self._speed

    def _anomaly(self, sms: Sms, what: str, detail: str) -> None:
        self._ledger.append(Anomaly(sms.number, what, detail, self._clock()))


def _find(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""


def _as_typed(code: str, random: Random) -> str:
    """A code as people type it: as it stands, in small letters, without dashes, with an O for a zero."""
    manner = random.choice((str, str.lower, lambda c: c.replace("-", ""), lambda c: c.replace("-", " ").replace("0", "O")))
    return str(manner(code))
