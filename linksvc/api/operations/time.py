"""What time it is here: for a till that sets its clock before it dates what it does without a connection."""

from datetime import datetime
from typing import Any

from linksvc.api.operation import Call, Operation
from linksvc.api.payloads import Answer


class TimeAnswer(Answer):
    time: datetime


def read_time(call: Call[Any, Any]) -> TimeAnswer:
    return TimeAnswer(time=call.now())


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/time",
        name="read_time",
        summary="What time is it?",
        description="The clock that decides whether a code is good yet, and whether an upload says that it happened in the "
        "future.",
        tag="time",
        scope=None,
        handler=read_time,
        answer=TimeAnswer,
    ),
)
