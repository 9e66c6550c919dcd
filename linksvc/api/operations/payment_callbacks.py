"""What payment providers call back: open to everybody, believed if signed."""

from pydantic import Field

from linksvc.api.operation import Call, Failure, Operation
from linksvc.api.payloads import Answer
from linksvc.database import reading, writing
from linksvc.payment_callbacks import HEADERS, Signed, open_callback, take


class CallbackAnswer(Answer):
    outcome: str = Field(
        description="paid; or why it changed nothing: already_paid, amount_differs, expired, cancelled, unknown_payment, "
        "ignored (an event of another type)."
    )


def take_callback(call: Call[None, None]) -> CallbackAnswer:
    signed = Signed(call.drawn_ids["provider_id"], dict(call.headers), call.upload.data)
    with reading(call.engine) as session:
        callback = open_callback(session, call.keyring, signed, call.now())
    with writing(call.engine) as session:
        return CallbackAnswer(outcome=take(session, callback, call.now()))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/payments/callback/{provider_id}",
        name="take_payment_callback",
        summary="Tell that something was paid",
        description="For payment providers. The body is signed in the header `Payment-Signature` (kind hmac) or "
        "`Stripe-Signature` (kind stripe): `t=<seconds>,v1=<HMAC-SHA256 of t.body in hexadecimal>`, of the last 5 minutes. "
        "200 whatever the outcome, which is final: nothing is gained by sending it again. What is sent again all the same "
        "is answered the same and changes nothing. Each event has an id of its own among all of a provider.",
        tag="payments",
        scope=None,
        handler=take_callback,
        body_raw=True,
        headers=tuple(HEADERS.values()),
        answer=CallbackAnswer,
        failures=(
            Failure(401, "signature_missing", "The header is missing."),
            Failure(401, "signature_invalid", "None of the provider's secrets signed this body."),
            Failure(401, "signature_too_old", "The signature is not of the last 5 minutes."),
            Failure(404, "provider_not_found", "There is no such payment provider, or it is disabled."),
            Failure(
                409, "event_reused", "The event's id is that of another one, which told of something else. Nothing is kept."
            ),
            Failure(422, "callback_unreadable", "It is signed, and is no event of that kind of provider."),
        ),
    ),
)
