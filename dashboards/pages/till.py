"""The till page: a code is typed or scanned, what it gives is seen, it is redeemed, and a redemption is undone.

Every form that was sent redirects: to the redemption, or to GET /till/check, which shows what the form was answered.
"""

import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import TypeVar

from sqlalchemy import Engine
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards.forms import Filled
from dashboards.pages.till_door import HOME, SEE_OTHER, Form, TillDoor, show, speech_of
from dashboards.till_answers import Answer, TillAnswers
from dashboards.till_orders import TypedOrder, read_order
from dashboards.till_words import latest_rows, redemption_page, refusal_words, worth_page
from linksvc.api.limits import Limits
from linksvc.clock import Clock
from linksvc.code_attempts import Attempter
from linksvc.code_worth import Worth, find_worth
from linksvc.database import reading, writing
from linksvc.errors import Conflict, TooManyRequests
from linksvc.failed_attempts import is_of_the_code, note_refusal
from linksvc.money import Money
from linksvc.public_ids import check_drawn_id
from linksvc.redemption_list import Wanted, find_redemption, list_redemptions
from linksvc.redemptions import Use
from linksvc.refusals import Refusal
from linksvc.returns import void
from linksvc.till_devices import Device
from linksvc.till_redemptions import find_redeemed, redeem_once

LATEST = 10

LATEST_FOR = timedelta(hours=24)

ONCE_DIGITS = 24
"""Hexadecimal digits of the name that a form is sent with, so that it is answered once."""

_ONCE = re.compile(rf"[0-9a-f]{{{ONCE_DIGITS}}}", re.ASCII)

_ASKED_BY = {"customer_ref_missing": "customer_ref", "delivery_missing": "delivery"}
"""The field that a refusal asks for."""

ANSWERED = f"{HOME}/check"

_POSTS = ("enrol", "open", "lock", "change", "redeem", "redemptions/{id}/undo")

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class TillPages:
    """The handlers, for a device whose till is open; `door` asks whether it is."""

    engine: Engine
    clock: Clock
    door: TillDoor
    answers: TillAnswers
    limits: Limits

    def routes(self) -> list[Route]:
        opened = self.door.opened
        return [
            Route(HOME, opened(self.home), methods=["GET"]),
            *self.door.routes(),
            Route(ANSWERED, opened(self.check), methods=["POST"]),
            Route(ANSWERED, opened(self.answered), methods=["GET"]),
            Route("/till/change", opened(self.change), methods=["POST"]),
            Route("/till/redeem", opened(self.redeem), methods=["POST"]),
            Route("/till/redemptions/{id}", opened(self.redemption), methods=["GET"]),
            Route("/till/redemptions/{id}/undo", opened(self.undo), methods=["POST"]),
            # Whoever opens the address of a form begins anew.
            *(Route(f"{HOME}/{name}", _begin_anew, methods=["GET"]) for name in _POSTS),
        ]

    def home(self, request: Request, _: Form, device: Device) -> Response:
        """GET /till: the empty form."""
        return self._form(request, device, Filled(usual="code"))

    def change(self, request: Request, form: Form, device: Device) -> Response:
        """POST /till/change: back to the form, with all that was typed."""
        return self._answer(request, Answer(read_order(form, device.currency, speech_of(request, device)).form.values))

    def check(self, request: Request, form: Form, device: Device) -> Response:
        """POST /till/check: judges a code. A code stands in no address, so it is sent like a change."""
        typed = read_order(form, device.currency, speech_of(request, device))
        if typed.form.errors:
            return self._answer(request, Answer(typed.form.values))
        worth = self._try(request, device, typed, lambda: self._find_worth(device, typed))
        if isinstance(worth, Response):
            return worth
        return self._answer(request, Answer(typed.form.values, once=secrets.token_hex(ONCE_DIGITS // 2)))

    def _answer(self, request: Request, answer: Answer) -> Response:
        response = RedirectResponse(ANSWERED, SEE_OTHER)
        self.answers.keep(request, response, answer)
        return response

    def answered(self, request: Request, _: Form, device: Device) -> Response:
        """GET /till/check: what the last form was answered. Seeing it again tries nothing and leaves no entry."""
        answer = self.answers.find(request)
        if answer is None:
            return RedirectResponse(HOME, SEE_OTHER)
        typed = read_order(answer.typed, device.currency, speech_of(request, device))
        if answer.once:
            return self._worth(request, device, typed, answer.once)
        if answer.refusal:
            return self._refused(request, device, typed.form, answer.refusal)
        if answer.wait_until and (left := answer.wait_until - self.clock()) > timedelta(0):
            return self._too_many(request, device, typed.form, ceil(left.total_seconds()))
        return self._form(request, device, typed.form, status=422 if typed.form.errors else 200)

    def _worth(self, request: Request, device: Device, typed: TypedOrder, once: str) -> Response:
        """What a code gives that was found good; the redemption, if it was redeemed since."""
        with reading(self.engine) as session:
            redeemed = find_redeemed(session, device, once)
            worth = self._ask(session, device, typed)
        if redeemed:
            return _see_redemption(redeemed)
        if isinstance(worth, Refusal):
            return self._refused(request, device, typed.form, worth)
        page = worth_page(worth, typed, speech_of(request, device))
        return show(request, "till_worth.html", device, worth=page, form=typed.form, once=once)

    def _find_worth(self, device: Device, typed: TypedOrder) -> Worth | Refusal:
        till = device.till
        with reading(self.engine) as session:
            worth = self._ask(session, device, typed)
        if isinstance(worth, Refusal) and is_of_the_code(worth):
            with writing(self.engine) as session:
                who = Attempter(till.key_id, till.shop_id, "")
                note_refusal(session, till.workspace_id, who, typed.code, worth, self.clock())
        return worth

    def _ask(self, session: Session, device: Device, typed: TypedOrder) -> Worth | Refusal:
        return find_worth(
            session,
            device.till.workspace_id,
            typed.code,
            typed.order,
            self.clock(),
            shop_id=device.till.shop_id,
            order_ref=typed.order_ref,
            customer_ref=typed.customer_ref,
            delivery_minor=typed.delivery_minor or 0,
        )

    def redeem(self, request: Request, form: Form, device: Device) -> Response:
        """POST /till/redeem: uses the code; sent twice, it is used once."""
        typed = read_order(form, device.currency, speech_of(request, device))
        once = form.get("once", "")
        if not _ONCE.fullmatch(once):
            raise HTTPException(400)
        if typed.order is None or typed.form.errors:
            return self._answer(request, Answer(typed.form.values))
        use = _use(typed, typed.order, once)
        outcome = self._try(request, device, typed, lambda: self._redeem(device, once, use))
        return outcome if isinstance(outcome, Response) else _see_redemption(outcome)

    def _redeem(self, device: Device, once: str, use: Use) -> str | Refusal:
        with writing(self.engine) as session:
            return redeem_once(session, device, once, use, self.clock())

    def redemption(self, request: Request, _: Form, device: Device) -> Response:
        """GET /till/redemptions/{id}: what was redeemed in this shop, and the way to undo it."""
        id = check_drawn_id("redemption", request.path_params["id"])
        with reading(self.engine) as session:
            found = find_redemption(session, device.till.workspace_id, device.till.shop_id, id)
        return show(request, "till_redemption.html", device, done=redemption_page(found, speech_of(request, device)))

    def undo(self, request: Request, _: Form, device: Device) -> Response:
        """POST /till/redemptions/{id}/undo: gives the use back; the page then says so, also to whoever came second."""
        id = check_drawn_id("redemption", request.path_params["id"])
        if not device.may_undo:
            raise HTTPException(403)
        with suppress(Conflict), writing(self.engine) as session:
            void(session, device.till, id, self.clock())
        return _see_redemption(id)

    def _try(
        self, request: Request, device: Device, typed: TypedOrder, ask: Callable[[], Found | Refusal]
    ) -> Found | Response:
        """What is found out about a code; the way to a page that says why nothing is, for whoever is refused or guesses."""
        who = Attempter(device.till.key_id, device.till.shop_id, self.limits.network_of(request.scope))
        try:
            outcome = self.limits.attempts.ask(who, ask)
        except TooManyRequests as problem:
            wait_until = self.clock() + timedelta(seconds=problem.retry_after_s)
            return self._answer(request, Answer(typed.form.values, wait_until=wait_until))
        if isinstance(outcome, Refusal):
            return self._answer(request, Answer(typed.form.values, refusal=outcome))
        return outcome

    def _too_many(self, request: Request, device: Device, form: Filled, seconds: int) -> Response:
        words = speech_of(request, device).say("till.too_many", seconds)
        response = self._form(request, device, form, words, status=429)
        response.headers["Retry-After"] = str(seconds)
        return response

    def _refused(self, request: Request, device: Device, form: Filled, refusal: Refusal) -> Response:
        words = refusal_words(refusal, speech_of(request, device))
        if field := _ASKED_BY.get(refusal.reason):
            # The code is good; it depends on what is not said yet.
            return self._form(request, device, replace(form, errors={field: words}), status=422)
        usual = "amount" if refusal.reason == "minimum_not_met" else "code"
        return self._form(request, device, replace(form, usual=usual), words, status=409)

    def _form(self, request: Request, device: Device, form: Filled, refusal: str = "", status: int = 200) -> Response:
        wanted = Wanted(device.till.workspace_id, device.till.shop_id, since=self.clock() - LATEST_FOR)
        with reading(self.engine) as session:
            latest = list_redemptions(session, wanted, limit=LATEST).redemptions
        return show(
            request,
            "till_code.html",
            device,
            status,
            form=form,
            refusal=refusal,
            latest=latest_rows(latest, speech_of(request, device)),
            asks_customer=bool(form.typed("customer_ref") or form.wrong("customer_ref")),
            asks_delivery=bool(form.typed("delivery") or form.wrong("delivery")),
        )


def _use(typed: TypedOrder, order: Money, once: str) -> Use:
    """Without a receipt's number the redemption is found again by one that is drawn."""
    order_ref = typed.order_ref or f"T-{once[:12].upper()}"
    return Use(typed.code, order_ref, order, customer_ref=typed.customer_ref, delivery_minor=typed.delivery_minor)


def _see_redemption(id: str) -> Response:
    return RedirectResponse(f"{HOME}/redemptions/{id}", SEE_OTHER)


async def _begin_anew(_: Request) -> Response:
    return RedirectResponse(HOME, SEE_OTHER)
