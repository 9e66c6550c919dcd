"""The table of the API's operations, one module a noun. Routes and the OpenAPI document are made from it."""

from linksvc.api.operation import Operation
from linksvc.api.operations import codes, health, offers

OPERATIONS: tuple[Operation, ...] = (*health.OPERATIONS, *offers.OPERATIONS, *codes.OPERATIONS)
