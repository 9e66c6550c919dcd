"""The shapes of webhooks over the API. Used by `linksvc.api.operations.webhooks`."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from linksvc.api.payloads import Answer, Moment, Parameters, Payload
from linksvc.public_ids import format_id
from linksvc.webhooks.addresses import MOST_CHARACTERS
from linksvc.webhooks.deliveries import Delivery, DeliveryPage, DeliveryStory
from linksvc.webhooks.endpoints import KEPT_LONGEST, Endpoint, EndpointChange
from linksvc.webhooks.events import WantedType
from linksvc.webhooks.signing import SecretName

PAGE_MOST = 1_000

_EVENTS = "What it is told; docs/webhooks.md shows each. A shop's key hears of its own codes alone."


class WebhookPayload(Payload):
    url: str = Field(
        max_length=MOST_CHARACTERS,
        description="https, on the internet: addresses of private networks are refused, also when a name leads there.",
        examples=["https://shop.example/webhooks"],
    )
    events: tuple[WantedType, ...] = Field(min_length=1, max_length=20, description=_EVENTS, examples=[["code.redeemed"]])


class WebhookChanges(Payload):
    """What is left out stays as it is."""

    url: str | None = Field(None, max_length=MOST_CHARACTERS)
    events: tuple[WantedType, ...] | None = Field(None, min_length=1, max_length=20, description=_EVENTS)
    enabled: bool | None = Field(
        None, description="False: nothing is sent, and nothing is kept for later. True: what still waited is sent now."
    )

    def change(self) -> EndpointChange:
        return EndpointChange(self.url, self.events, self.enabled)


class RotationPayload(Payload):
    keep_hours: int = Field(
        24,
        ge=0,
        le=KEPT_LONGEST.days * 24,
        description="How long events are signed with the secret before as well, so that none is refused meanwhile.",
    )


class FailedPayload(Payload):
    since: Moment = Field(description="Those that were recorded from then on.", examples=["2026-11-20T09:00:00Z"])


class WebhookAnswer(Answer):
    id: str
    shop_id: str | None = Field(description="The shop whose it is; null: the workspace's.")
    url: str
    events: tuple[str, ...]
    enabled: bool
    disabled_reason: str = Field(
        description="asked (by you), gone (it answered 410), failing (it took nothing for three days), or empty."
    )
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="The first failure since the last event it took.")
    previous_secret_until: datetime | None = Field(description="Until when events are signed with the secret before, too.")
    created_at: datetime

    @classmethod
    def of(cls, endpoint: Endpoint) -> Self:
        return cls(**_seen(endpoint))


class WebhookSecretAnswer(WebhookAnswer):
    secret_version: str = Field(description="Which of its secrets it is.", examples=["1.0"])
    secret: str = Field(description="whsec_...: shown this once. Verify every request with it.")

    @classmethod
    def without_secret(cls, endpoint: Endpoint, name: SecretName) -> Self:
        """As it may be kept for repetitions: the secret itself is nowhere."""
        return cls(**_seen(endpoint), secret_version=name.numbers, secret="")


class WebhooksAnswer(Answer):
    webhooks: tuple[WebhookAnswer, ...] = Field(description="Oldest first.")


class DeliveriesQuery(Parameters):
    state: Literal["pending", "delivered", "failed"] | None = Field(None, description="Only those; all, unless told.")
    after: str | None = Field(None, max_length=100, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=PAGE_MOST)


class DeliveryAnswer(Answer):
    event_id: str = Field(description="The header webhook-id of each try.")
    type: str
    state: str = Field(description="pending, delivered or failed.")
    attempts: int
    next_at: datetime | None = Field(description="When it is tried next; null unless it is pending.")
    last_status: int = Field(description="What it was answered the last time; 0: nothing.")
    last_error: str
    recorded_at: datetime
    done_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(**{name: getattr(delivery, name) for name in cls.model_fields})


class DeliveriesAnswer(Answer):
    deliveries: tuple[DeliveryAnswer, ...] = Field(description="Newest first.")
    next_after: str | None = Field(description="Send it as `after` for the next page; null on the last.")

    @classmethod
    def of(cls, page: DeliveryPage) -> Self:
        return cls(deliveries=tuple(map(DeliveryAnswer.of, page.deliveries)), next_after=page.next_after)


class AttemptAnswer(Answer):
    number: int
    attempted_at: datetime
    duration_ms: int
    status: int = Field(description="0: there was no answer, and `error` says why.")
    error: str
    answer: str = Field(description="The beginning of what a failure was answered with.")


class DeliveryStoryAnswer(Answer):
    delivery: DeliveryAnswer
    body: dict[str, Any] = Field(description="The JSON that is sent.")
    attempts: tuple[AttemptAnswer, ...]

    @classmethod
    def of(cls, story: DeliveryStory) -> Self:
        attempts = tuple(
            AttemptAnswer(**{name: getattr(one, name) for name in AttemptAnswer.model_fields}) for one in story.attempts
        )
        return cls(delivery=DeliveryAnswer.of(story.delivery), body=story.body, attempts=attempts)


class ReplayedAnswer(Answer):
    queued: int = Field(description="How many are sent again.")
    more: bool = Field(description="Whether there may be more: then ask once more.")


def _seen(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "shop_id": format_id("shop", endpoint.shop_id) if endpoint.shop_id else None,
        "url": endpoint.url,
        "events": endpoint.events,
        "enabled": endpoint.disabled_at is None,
        "disabled_reason": endpoint.disabled_reason,
        "disabled_at": endpoint.disabled_at,
        "failing_since": endpoint.failing_since,
        "previous_secret_until": endpoint.previous_secret_until,
        "created_at": endpoint.created_at,
    }
