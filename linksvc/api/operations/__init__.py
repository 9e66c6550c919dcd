"""The table of the API's operations, one module a noun. Routes and the OpenAPI document are made from it."""

from linksvc.api.operation import Operation
from linksvc.api.operations import campaigns, codes, contacts, health, offers, reports, sending

OPERATIONS: tuple[Operation, ...] = (
    *health.OPERATIONS,
    *contacts.OPERATIONS,
    *offers.OPERATIONS,
    *campaigns.OPERATIONS,
    *sending.OPERATIONS,
    *reports.OPERATIONS,
    *codes.OPERATIONS,
)
