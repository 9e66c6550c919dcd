"""Signatures of payment callbacks: `t=<seconds since 1970>,v1=<hexadecimal>`, HMAC-SHA256 over the time, a dot and the body
as it came. Stripe's scheme (docs.stripe.com/webhooks, "Verify webhook signatures manually"); other systems use the same
under another header. Used by `linksvc.payment_callbacks`, and to sign what providers are asked
(`linksvc.payment_checkouts`).
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from linksvc.errors import Unauthenticated

STRIPE_HEADER, HEADER = "stripe-signature", "payment-signature"

TOLERANCE = timedelta(minutes=5)
"""How far the time of a signature may be from ours: what is older may be a replay."""

_SIGNATURES_MOST = 10
_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


def sign(secret: str, body: bytes, now: datetime) -> str:
    """The header's value."""
    seconds = int(now.timestamp())
    return f"t={seconds},v1={_digest(secret, seconds, body)}"


def verify(header: str, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Raises Unauthenticated (signature_missing, signature_invalid, signature_too_old) unless one of the secrets signed the
    body a moment ago. Of several signatures one is enough: while secrets are exchanged there are two."""
    if not header.strip():
        raise Unauthenticated("The callback is not signed.", code="signature_missing")
    seconds, signatures = _read(header)
    wanted = [_digest(secret, seconds, body) for secret in secrets]
    if not any(hmac.compare_digest(one, other) for one in signatures for other in wanted):
        raise Unauthenticated("The signature is not one of this provider's secret over this body.", code="signature_invalid")
    if abs(now.timestamp() - seconds) > TOLERANCE.total_seconds():
        raise Unauthenticated("The signature is not of the last 5 minutes. Sign again.", code="signature_too_old")


def _read(header: str) -> tuple[int, list[str]]:
    """The time and the signatures of a header; other schemes in it are passed over."""
    pairs = [(name.strip(), value.strip()) for name, _, value in (part.partition("=") for part in header.split(","))]
    times = [value for name, value in pairs if name == "t"]
    signatures = [value for name, value in pairs if name == "v1" and _HEX.fullmatch(value)]
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or not 1 <= len(signatures) <= _SIGNATURES_MOST:
        raise Unauthenticated(
            "The signature cannot be read. It looks like t=1792000000,v1=5f8c...", code="signature_invalid"
        )
    return int(times[0]), signatures


def _digest(secret: str, seconds: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % seconds + body, sha256).hexdigest()
