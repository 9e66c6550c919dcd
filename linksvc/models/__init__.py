"""The tables. docs/schema.md tells how they hang together."""

from linksvc.models.accounts import ApiKey, Member, Shop, SignInLink, User, Workspace
from linksvc.models.campaigns import Campaign, FunnelCount, Link, Message, SerialBlock, SerialCounter, ShortDomain
from linksvc.models.contacts import Consent, Contact, ContactImport, ImportedContact, RejectedRow, Suppression
from linksvc.models.facts import Fact, Hit, Inbound, JudgementDue, Lease, Reply, SpoolProgress
from linksvc.models.offers import IdempotencyRecord, LedgerEntry, Offer, PromoCode
from linksvc.models.sending import Attempt, Route, SmscId

CAMPAIGN_KEYED = (Attempt, Fact, FunnelCount, Hit, JudgementDue, Link, Message, Reply, SerialBlock)
"""Tables that live on their campaign's shard: every key and foreign key of theirs begins with campaign_id."""

__all__ = [
    "CAMPAIGN_KEYED",
    "ApiKey",
    "Attempt",
    "Campaign",
    "Consent",
    "Contact",
    "ContactImport",
    "Fact",
    "FunnelCount",
    "Hit",
    "IdempotencyRecord",
    "ImportedContact",
    "Inbound",
    "JudgementDue",
    "Lease",
    "LedgerEntry",
    "Link",
    "Member",
    "Message",
    "Offer",
    "PromoCode",
    "RejectedRow",
    "Reply",
    "Route",
    "SerialBlock",
    "SerialCounter",
    "Shop",
    "ShortDomain",
    "SignInLink",
    "SmscId",
    "SpoolProgress",
    "Suppression",
    "User",
    "Workspace",
]
