"""Webhooks over the API: where a workspace, or a shop by its own key, is told what happens; the log; sending again."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.webhook_shapes import (
    DeliveriesAnswer,
    DeliveriesQuery,
    DeliveryAnswer,
    DeliveryStoryAnswer,
    FailedPayload,
    ReplayedAnswer,
    RotationPayload,
    WebhookAnswer,
    WebhookChanges,
    WebhookPayload,
    WebhooksAnswer,
    WebhookSecretAnswer,
)
from linksvc.database import BATCH_ROWS, reading, writing
from linksvc.webhooks.deliveries import find_delivery, list_deliveries, replay, replay_failed, send_test
from linksvc.webhooks.endpoints import (
    MOST,
    Owner,
    add_endpoint,
    edit_endpoint,
    find_endpoint,
    list_endpoints,
    remove_endpoint,
    rotate_secret,
)
from linksvc.webhooks.signing import SecretName, secret_of


def add_webhook(call: Call[WebhookPayload, None]) -> Prepared:
    own, sent = call.settings.webhook_networks, call.body

    def add(session: Session) -> WebhookSecretAnswer:
        made = add_endpoint(session, call.keyring, _owner(call), own, sent.url, sent.events, call.now())
        return WebhookSecretAnswer.without_secret(*made)

    return _with_secret(call, answer_once(call, add))


def read_webhooks(call: Call[None, None]) -> WebhooksAnswer:
    with reading(call.engine) as session:
        return WebhooksAnswer(webhooks=tuple(map(WebhookAnswer.of, list_endpoints(session, _owner(call)))))


def read_webhook(call: Call[None, None]) -> WebhookAnswer:
    with reading(call.engine) as session:
        return WebhookAnswer.of(find_endpoint(session, _owner(call), _id(call)))


def change_webhook(call: Call[WebhookChanges, None]) -> WebhookAnswer:
    own, change = call.settings.webhook_networks, call.body.change()
    with writing(call.engine) as session:
        return WebhookAnswer.of(edit_endpoint(session, _owner(call), own, _id(call), change, call.now()))


def remove_webhook(call: Call[None, None]) -> WebhookAnswer:
    with writing(call.engine) as session:
        return WebhookAnswer.of(remove_endpoint(session, _owner(call), _id(call)))


def rotate_webhook_secret(call: Call[RotationPayload, None]) -> Prepared:
    keep = timedelta(hours=call.body.keep_hours)

    def rotate(session: Session) -> WebhookSecretAnswer:
        made = rotate_secret(session, call.keyring, _owner(call), _id(call), keep, call.now())
        return WebhookSecretAnswer.without_secret(*made)

    return _with_secret(call, answer_once(call, rotate))


def send_webhook_test(call: Call[None, None]) -> Prepared:
    return answer_once(call, lambda session: DeliveryAnswer.of(send_test(session, _owner(call), _id(call), call.now())))


def read_deliveries(call: Call[None, DeliveriesQuery]) -> DeliveriesAnswer:
    asked = call.query
    with reading(call.engine) as session:
        return DeliveriesAnswer.of(list_deliveries(session, _owner(call), _id(call), asked.state, asked.after, asked.limit))


def read_delivery(call: Call[None, None]) -> DeliveryStoryAnswer:
    with reading(call.engine) as session:
        return DeliveryStoryAnswer.of(find_delivery(session, _owner(call), _id(call), call.drawn_ids["event_id"]))


def replay_delivery(call: Call[None, None]) -> Prepared:
    event_id = call.drawn_ids["event_id"]
    return answer_once(
        call, lambda session: DeliveryAnswer.of(replay(session, _owner(call), _id(call), event_id, call.now()))
    )


def replay_deliveries(call: Call[FailedPayload, None]) -> Prepared:
    def again(session: Session) -> ReplayedAnswer:
        queued = replay_failed(session, _owner(call), _id(call), call.body.since, call.now())
        return ReplayedAnswer(queued=queued, more=queued == BATCH_ROWS)

    return answer_once(call, again)


def _owner(call: Call[Any, Any]) -> Owner:
    return Owner(call.workspace_id, call.caller.shop_id)


def _id(call: Call[Any, Any]) -> str:
    return call.drawn_ids["webhook_id"]


def _with_secret(call: Call[Any, Any], kept: Prepared) -> Prepared:
    """The answer as it is sent: what is kept of it for repetitions holds no secret, so it is put in each time."""
    if kept.status >= 400:
        return kept
    answer = WebhookSecretAnswer.model_validate_json(kept.body)
    secret = secret_of(call.keyring, SecretName.read(call.workspace_id, answer.id, answer.secret_version))
    body = answer.model_copy(update={"secret": secret}).model_dump_json().encode()
    return Prepared(kept.status, body, kept.media_type, kept.headers)


_NOT_FOUND = Failure(404, "webhook_not_found", "There is no such webhook of this workspace, or of the key's shop.")
_NO_DELIVERY = Failure(404, "delivery_not_found", "The webhook was sent no such event, or it is forgotten.")
_DISABLED = Failure(409, "webhook_disabled", "The webhook is disabled: enable it first.")
_EXISTS = Failure(409, "webhook_exists", "There is a webhook of this address already.")
_WRONG = (
    Failure(422, "webhook_url_invalid", "The address is no public https address."),
    Failure(422, "event_not_for_shops", "A shop's webhook is told of codes alone."),
)
_READ, _WRITE = "webhooks:read", "webhooks:write"
_ONE = "/v1/webhooks/{webhook_id}"

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/webhooks",
        name="add_webhook",
        summary="Add a webhook",
        description="An address that is told what happens from now on, signed by Standard Webhooks. The answer holds the "
        f"secret, which is shown this once. At most {MOST}, and as many of each shop.",
        tag="webhooks",
        scope=_WRITE,
        handler=add_webhook,
        body=WebhookPayload,
        idempotency_key="optional",
        status=201,
        answer=WebhookSecretAnswer,
        failures=(_EXISTS, *_WRONG, Failure(422, "webhooks_too_many", "As many are there as are kept.")),
    ),
    Operation(
        method="GET",
        path="/v1/webhooks",
        name="read_webhooks",
        summary="List the webhooks",
        description="Of the workspace and its shops; a shop's key sees its shop's alone.",
        tag="webhooks",
        scope=_READ,
        handler=read_webhooks,
        answer=WebhooksAnswer,
    ),
    Operation(
        method="GET",
        path=_ONE,
        name="read_webhook",
        summary="Read a webhook",
        tag="webhooks",
        scope=_READ,
        handler=read_webhook,
        answer=WebhookAnswer,
        failures=(_NOT_FOUND,),
    ),
    Operation(
        method="PATCH",
        path=_ONE,
        name="change_webhook",
        summary="Change a webhook",
        description="Its address, what it is told, whether it is sent to. The secret stays.",
        tag="webhooks",
        scope=_WRITE,
        handler=change_webhook,
        body=WebhookChanges,
        answer=WebhookAnswer,
        failures=(_NOT_FOUND, _EXISTS, *_WRONG),
    ),
    Operation(
        method="DELETE",
        path=_ONE,
        name="remove_webhook",
        summary="Remove a webhook",
        description="What still waits for it is not sent. The answer is the webhook as it was.",
        tag="webhooks",
        scope=_WRITE,
        handler=remove_webhook,
        answer=WebhookAnswer,
        failures=(_NOT_FOUND,),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/secret",
        name="rotate_webhook_secret",
        summary="Replace the secret",
        description="The answer holds the new one, which is shown this once. Until the one before has run out, each request "
        "has two signatures.",
        tag="webhooks",
        scope=_WRITE,
        handler=rotate_webhook_secret,
        body=RotationPayload,
        body_optional=True,
        idempotency_key="optional",
        answer=WebhookSecretAnswer,
        failures=(_NOT_FOUND,),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/test",
        name="send_webhook_test",
        summary="Send a test",
        description="An event `webhook.test`, on the way of all others. Its delivery tells what came of it.",
        tag="webhooks",
        scope=_WRITE,
        handler=send_webhook_test,
        idempotency_key="optional",
        answer=DeliveryAnswer,
        failures=(_NOT_FOUND, _DISABLED),
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/deliveries",
        name="read_deliveries",
        summary="List what was sent",
        tag="webhooks",
        scope=_READ,
        handler=read_deliveries,
        query=DeliveriesQuery,
        answer=DeliveriesAnswer,
        failures=(_NOT_FOUND, Failure(422, "cursor_invalid", "`after` is no `next_after` of a page.")),
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/deliveries/{{event_id}}",
        name="read_delivery",
        summary="Read what was sent, and each try",
        tag="webhooks",
        scope=_READ,
        handler=read_delivery,
        answer=DeliveryStoryAnswer,
        failures=(_NOT_FOUND, _NO_DELIVERY),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/deliveries/{{event_id}}/replay",
        name="replay_delivery",
        summary="Send an event again",
        description="At once, whatever came of it before, with the same `webhook-id`.",
        tag="webhooks",
        scope=_WRITE,
        handler=replay_delivery,
        idempotency_key="optional",
        answer=DeliveryAnswer,
        failures=(_NOT_FOUND, _NO_DELIVERY, _DISABLED),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/replay",
        name="replay_deliveries",
        summary="Send again what failed",
        description=f"The oldest first, {BATCH_ROWS:,} at once at most.",
        tag="webhooks",
        scope=_WRITE,
        handler=replay_deliveries,
        body=FailedPayload,
        idempotency_key="optional",
        answer=ReplayedAnswer,
        failures=(_NOT_FOUND, _DISABLED),
    ),
)
