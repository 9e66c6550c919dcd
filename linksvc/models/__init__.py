"""The tables. docs/schema.md tells how they hang together."""

from linksvc.models.accounts import ApiKey, Member, Shop, SignInLink, Store, TillDevice, User, Workspace
from linksvc.models.campaigns import Campaign, FunnelCount, Link, Message, SerialBlock, SerialCounter, ShortDomain
from linksvc.models.contacts import Consent, Contact, ContactImport, ImportedContact, RejectedRow, SentDay, Suppression
from linksvc.models.facts import Fact, Hit, Inbound, InboundPart, JudgementDue, Lease, Reply, SpoolProgress
from linksvc.models.offers import (
    CodeHold,
    CodeImport,
    ContactUse,
    IdempotencyRecord,
    LedgerEntry,
    Offer,
    OfferBudget,
    OfferShop,
    PromoCode,
    Redemption,
)
from linksvc.models.routes import Bind, Route, RouteCoverage, RouteError, RoutePrice
from linksvc.models.sending import Attempt, CampaignShare, SendBatch, SmscId, StrayReceipt
from linksvc.models.webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent

CAMPAIGN_KEYED = (
    Attempt,
    CampaignShare,
    Fact,
    FunnelCount,
    Hit,
    JudgementDue,
    Link,
    Message,
    Reply,
    SendBatch,
    SerialBlock,
)
"""Tables that live on their campaign's shard: every key and foreign key of theirs begins with campaign_id."""

__all__ = [
    "CAMPAIGN_KEYED",
    "ApiKey",
    "Attempt",
    "Bind",
    "Campaign",
    "CampaignShare",
    "CodeHold",
    "CodeImport",
    "Consent",
    "Contact",
    "ContactImport",
    "ContactUse",
    "Fact",
    "FunnelCount",
    "Hit",
    "IdempotencyRecord",
    "ImportedContact",
    "Inbound",
    "InboundPart",
    "JudgementDue",
    "Lease",
    "LedgerEntry",
    "Link",
    "Member",
    "Message",
    "Offer",
    "OfferBudget",
    "OfferShop",
    "PromoCode",
    "Redemption",
    "RejectedRow",
    "Reply",
    "Route",
    "RouteCoverage",
    "RouteError",
    "RoutePrice",
    "SendBatch",
    "SentDay",
    "SerialBlock",
    "SerialCounter",
    "Shop",
    "ShortDomain",
    "SignInLink",
    "SmscId",
    "SpoolProgress",
    "Store",
    "StrayReceipt",
    "Suppression",
    "TillDevice",
    "User",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "Workspace",
]
