"""The table of the API's operations, one module a noun. Routes and the OpenAPI document are made from it."""

from linksvc.api.operation import Operation
from linksvc.api.operations import (
    campaign_links,
    campaigns,
    codes,
    contacts,
    health,
    holds,
    links,
    offer_codes,
    offers,
    page_results,
    qr_codes,
    redemption_batches,
    redemptions,
    reports,
    sending,
    shops,
    time,
    webhooks,
)

OPERATIONS: tuple[Operation, ...] = (
    *health.OPERATIONS,
    *time.OPERATIONS,
    *contacts.OPERATIONS,
    *shops.OPERATIONS,
    *offers.OPERATIONS,
    *offer_codes.OPERATIONS,
    *campaigns.OPERATIONS,
    *campaign_links.OPERATIONS,
    *sending.OPERATIONS,
    *reports.OPERATIONS,
    *page_results.OPERATIONS,
    *links.OPERATIONS,
    *qr_codes.OPERATIONS,
    *codes.OPERATIONS,
    *holds.OPERATIONS,
    *redemptions.OPERATIONS,
    *redemption_batches.OPERATIONS,
    *webhooks.OPERATIONS,
)
