"""Whether the API is alive: for whoever starts, watches and restarts it."""

from typing import Any, Literal

from linksvc.api.operation import Call, Operation
from linksvc.api.payloads import Answer


class Health(Answer):
    status: Literal["ok"]


def check_health(_: Call[Any, Any]) -> Health:
    """The database is not asked: restarting this process would not bring it back."""
    return Health(status="ok")


OPERATIONS = (
    Operation(
        method="GET",
        path="/healthz",
        name="check_health",
        summary="Is the API alive?",
        tag="health",
        scope=None,
        handler=check_health,
        answer=Health,
    ),
)
