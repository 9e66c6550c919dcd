"""The door of the till page: setting a device up with a shop's key, opening it with its PIN, locking it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from anyio import to_thread
from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards.forms import Filled, is_trusted, read_form
from dashboards.rendering import render
from dashboards.sessions import language_of, new_csrf_token
from dashboards.speech import Speech
from dashboards.till_sessions import LOCKED_AFTER, TillSessions, lock, was_open
from linksvc import till_devices
from linksvc.api_keys import authenticate
from linksvc.clock import Clock
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest, Problem
from linksvc.names import check_name
from linksvc.till_devices import FAILURES_MOST, Device

SEE_OTHER = 303

HOME = "/till"

Form = Mapping[str, str]

Handler = Callable[[Request, Form, Device], Response]

_KEY_WORDS = {
    "api_key_unknown": "till.enrol.unknown_key",
    "api_key_revoked": "till.enrol.unknown_key",
    "key_without_shop": "till.enrol.no_shop",
    "scope_missing": "till.enrol.scope",
}
"""What is wrong with a key, by the error's code."""

log = structlog.get_logger()


def speech_of(request: Request, device: Device | None = None) -> Speech:
    return Speech(language_of(request), device.timezone if device else "UTC")


def show(
    request: Request, template: str, device: Device | None, status: int = 200, *, is_open: bool = True, **values: Any
) -> Response:
    """A page of the till. It may ask for the camera, which the other pages forbid."""
    place = speech_of(request).say("till.place", place=device.place, device=device.name) if device else ""
    here = request.url.path if request.method == "GET" else HOME
    response = render(request, template, None, status, device=device, is_open=is_open, place=place, here=here, **values)
    response.headers["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=(), payment=()"
    return response


@dataclass(frozen=True, slots=True)
class TillDoor:
    """The handlers of the door, and `opened`, through which every other handler of the till goes."""

    engine: Engine
    clock: Clock
    tills: TillSessions

    def routes(self) -> list[Route]:
        return [
            Route("/till/enrol", self.enrol, methods=["POST"]),
            Route("/till/open", self.open, methods=["POST"]),
            Route("/till/lock", self.lock, methods=["POST"]),
        ]

    def opened(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that calls the handler, in the thread pool, once the till is open."""

        async def endpoint(request: Request) -> Response:
            form = await read_form(request) if request.method == "POST" else {}
            return await to_thread.run_sync(self._enter, handler, request, form)

        return endpoint

    def _enter(self, handler: Handler, request: Request, form: Form) -> Response:
        device = self.tills.find(request)
        if device is None:
            return self._enrol_page(request, gone=bool(self.tills.token(request)))
        sent = request.method == "POST"
        if not self.tills.is_open(request, device):
            return self._pin_page(request, device, timed_out=was_open(request) or sent, status=403 if sent else 200)
        if sent and not is_trusted(request, form):
            raise HTTPException(403)
        self.tills.open(request, device)
        self._note_use(device)
        return handler(request, form, device)

    def _note_use(self, device: Device) -> None:
        if till_devices.is_use_news(device, self.clock()):
            with writing(self.engine) as session:
                till_devices.note_use(session, device, self.clock())

    async def enrol(self, request: Request) -> Response:
        """POST /till/enrol: sets the device up, and opens its till."""
        form = await read_form(request)
        if not is_trusted(request, form):
            return _enrol_form(request, form, error="till.enrol.stale", status=403)
        return await to_thread.run_sync(self._enrol, request, form)

    def _enrol(self, request: Request, form: Form) -> Response:
        errors = _enrol_errors(form)
        try:
            token = "" if errors else self._store(form)
        except Problem as problem:
            if problem.code not in _KEY_WORDS:
                raise
            errors = {"key": _KEY_WORDS[problem.code]}
        if errors:
            return _enrol_form(request, form, errors, status=422)
        device = self._find(token)
        log.info("a till device was enrolled", action="till.enrolled", device=device.id, shop=device.till.shop_id)
        response = RedirectResponse(HOME, SEE_OTHER)
        self._let_in(request, response, device, token)
        return response

    def _store(self, form: Form) -> str:
        now = self.clock()
        with writing(self.engine) as session:
            caller = authenticate(session, form.get("key", "").strip(), now)
            return till_devices.enrol(session, caller, form.get("name", ""), form.get("pin", ""), now)

    def _find(self, token: str) -> Device:
        with reading(self.engine) as session:
            device = till_devices.find_device(session, token, self.clock())
        if device is None:
            raise HTTPException(403)
        return device

    async def open(self, request: Request) -> Response:
        """POST /till/open: the PIN."""
        form = await read_form(request)
        return await to_thread.run_sync(self._open, request, form)

    def _open(self, request: Request, form: Form) -> Response:
        device, token, pin = self.tills.find(request), self.tills.token(request), form.get("pin", "").strip()
        if device is None:
            return self._enrol_page(request, gone=bool(token))
        if not is_trusted(request, form):
            return self._pin_page(request, device, status=403)
        if not (len(pin) == till_devices.PIN_DIGITS and pin.isdecimal()):
            # Not an attempt: nobody chose such a PIN.
            return self._pin_page(request, device, wrong=speech_of(request).say("till.pin.form"), status=422)
        with writing(self.engine) as session:
            left = till_devices.try_pin(session, token, pin, self.clock())
        if left == FAILURES_MOST:
            response: Response = RedirectResponse(HOME, SEE_OTHER)
            self._let_in(request, response, device, token)
            return response
        return self._failed(request, device, left)

    def _failed(self, request: Request, device: Device, left: int) -> Response:
        log.warning("a till was given a wrong PIN", action="till.wrong_pin", device=device.id, left=left)
        if left == 0:
            return self._enrol_page(request, gone=True)
        return self._pin_page(request, device, wrong=speech_of(request).say("till.pin.wrong", left), status=401)

    def _let_in(self, request: Request, response: Response, device: Device, token: str) -> None:
        new_csrf_token(request)
        self.tills.open(request, device)
        self.tills.keep(response, token)

    async def lock(self, request: Request) -> Response:
        """POST /till/lock. It needs no token: the worst that a form of somebody else's can do is to ask for the PIN."""
        lock(request)
        return RedirectResponse(HOME, SEE_OTHER)

    def _enrol_page(self, request: Request, *, gone: bool) -> Response:
        lock(request)
        response = _enrol_form(request, {}, error="till.gone" if gone else "", status=401 if gone else 200)
        if gone:
            self.tills.forget(response)
        return response

    def _pin_page(
        self, request: Request, device: Device, *, wrong: str = "", timed_out: bool = False, status: int = 200
    ) -> Response:
        lock(request)
        minutes = int(LOCKED_AFTER.total_seconds()) // 60
        notice = speech_of(request).say("till.pin.locked", minutes) if timed_out else ""
        form = Filled(errors={"pin": wrong} if wrong else {})
        return show(request, "till_pin.html", device, status, is_open=False, form=form, notice=notice)


def _enrol_errors(form: Form) -> dict[str, str]:
    """What is wrong with the fields, but for the key itself: keys of texts, by field, in their order."""
    errors = {}
    if not form.get("key", "").strip():
        errors["key"] = "till.enrol.no_key"
    try:
        check_name(form.get("name", ""))
    except InvalidRequest:
        errors["name"] = "till.enrol.wrong_name"
    try:
        till_devices.check_pin(form.get("pin", ""))
    except InvalidRequest:
        errors["pin"] = "till.enrol.wrong_pin"
    if "pin" not in errors and form.get("pin") != form.get("again"):
        errors["pin"] = "till.enrol.differs"
    return errors


def _enrol_form(
    request: Request, form: Form, errors: Mapping[str, str] | None = None, *, error: str = "", status: int = 200
) -> Response:
    speech = speech_of(request)
    wrong = {name: speech.say(key) for name, key in (errors or {}).items()}
    typed = {name: form.get(name, "") for name in ("key", "name")}
    filled = Filled(typed, wrong, usual="key")
    return show(request, "till_enrol.html", None, status, is_open=False, form=filled, error=error)
