"""Which device a request comes from, and whether its till is open: a cookie that lasts, and a session that does not.

The cookie holds the device's token and outlives every session; that the PIN was right stands in the signed session, with
the time of the last use. What both say is asked of the database again at each request.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import Response

from linksvc.clock import Clock
from linksvc.database import reading
from linksvc.till_devices import Device, find_device

LOCKED_AFTER = timedelta(minutes=15)
"""Without use; a till that waits for the next customer stays open."""

KEPT = timedelta(days=400)
"""Browsers keep no cookie longer (RFC 6265bis, 5.6.2). It is renewed whenever the till is opened."""

_TILL = "till"


@dataclass(frozen=True, slots=True)
class TillSessions:
    """Reads and writes what a device's requests carry. `secure`: the site is reached over https."""

    engine: Engine
    clock: Clock
    secure: bool

    @property
    def cookie(self) -> str:
        return "__Host-ricochet-till" if self.secure else "ricochet-till"

    def token(self, request: Request) -> str:
        """What the device keeps; empty if it never was enrolled."""
        return request.cookies.get(self.cookie, "")

    def find(self, request: Request) -> Device | None:
        """The device, if it is enrolled."""
        token = self.token(request)
        if not token:
            return None
        with reading(self.engine) as session:
            return find_device(session, token, self.clock())

    def keep(self, response: Response, token: str) -> None:
        """Lets the device keep its token."""
        response.set_cookie(
            self.cookie,
            token,
            max_age=int(KEPT.total_seconds()),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def forget(self, response: Response) -> None:
        response.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="lax")

    def open(self, request: Request, device: Device) -> None:
        """Opens the till, or keeps it open."""
        request.session[_TILL] = {"device": device.id, "used_at": self.clock().timestamp()}

    def is_open(self, request: Request, device: Device) -> bool:
        """Whether the PIN of this very device was right, and it was used lately."""
        match request.session.get(_TILL):
            case {"device": device.id, "used_at": int() | float() as used_at}:
                return bool(self.clock().timestamp() - used_at < LOCKED_AFTER.total_seconds())
        return False


def was_open(request: Request) -> bool:
    """Whether the till was opened since it was locked by hand."""
    return _TILL in request.session


def lock(request: Request) -> None:
    request.session.pop(_TILL, None)
