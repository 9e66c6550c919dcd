"""What a form of the till was answered, until its page is asked for: every form leads to a page of its own, so the browser's
Back, Forward and reload ask for a page and never send a form again.

The page's address must not hold a code, and neither must the page be kept by a cache. So the browser keeps what the page is
made of, encrypted, in a cookie that no script reads. The till page calls it.
"""

import zlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from cryptography.fernet import Fernet, InvalidToken
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from dashboards.sessions import csrf_token
from linksvc.clock import Clock
from linksvc.refusals import Refusal

KEPT = timedelta(minutes=15)
"""As long as the till stays open without use."""

TYPED_MOST = 121
"""Characters that are kept of a field: one more than any takes, so that what was too long still is. Browsers keep cookies
of 4,096 bytes (RFC 6265bis, 6.1), and five such fields fit in whatever they are written."""

PATH = "/till"


@dataclass(frozen=True, slots=True)
class Answer:
    """The fields as they were sent, and what came of it. Neither `once` nor a refusal nor a wait: the form is shown again,
    to be changed or mended."""

    typed: Mapping[str, str]
    once: str = ""
    """The code is good; under this name it is redeemed once, however often its page is seen."""
    refusal: Refusal | None = None
    wait_until: datetime | None = None
    """Too much was guessed: nothing was looked at."""


@dataclass(frozen=True, slots=True)
class _Kept:
    opening: str
    """The token of the forms since the PIN was typed: another opening begins anew."""
    answer: Answer


_KEPT = TypeAdapter(_Kept)


class TillAnswers:
    """Gives the browser an answer to keep, and reads it again. `secure`: the site is reached over https."""

    def __init__(self, key: bytes, clock: Clock, *, secure: bool) -> None:
        self._box = Fernet(urlsafe_b64encode(blake2b(key, digest_size=32, person=b"till-answer").digest()))
        self._clock = clock
        self._secure = secure
        self._cookie = "__Secure-ricochet-till-answer" if secure else "ricochet-till-answer"

    def keep(self, request: Request, response: Response, answer: Answer) -> None:
        typed = {name: value[:TYPED_MOST] for name, value in answer.typed.items()}
        # The words for the developer are not shown, and may repeat what was typed.
        refusal = answer.refusal and replace(answer.refusal, detail="")
        kept = _Kept(csrf_token(request), replace(answer, typed=typed, refusal=refusal))
        sealed = self._box.encrypt_at_time(zlib.compress(_KEPT.dump_json(kept, exclude_defaults=True)), self._seconds())
        response.set_cookie(
            self._cookie,
            sealed.decode(),
            max_age=self._lasts,
            path=PATH,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def find(self, request: Request) -> Answer | None:
        """What the last form was answered; None once that is long ago, or the till was opened anew."""
        sealed = request.cookies.get(self._cookie, "")
        try:
            plain = self._box.decrypt_at_time(sealed.encode(), self._lasts, self._seconds())
        except InvalidToken:
            return None
        kept = _KEPT.validate_json(zlib.decompress(plain))
        return kept.answer if kept.opening == csrf_token(request) else None

    @property
    def _lasts(self) -> int:
        return int(KEPT.total_seconds())

    def _seconds(self) -> int:
        return int(self._clock().timestamp())
