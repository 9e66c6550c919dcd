"""docs/webhooks.md is true: its examples have the shape of what is sent, its times are those of the schedule."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import orjson
import pytest

from linksvc.webhooks import events, posting
from linksvc.webhooks.events import EVENT_TYPES
from linksvc.webhooks.schedule import STEPS, TRIES

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
EXAMPLES: list[dict[str, Any]] = [orjson.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
SHAPES: dict[str, type[Any]] = {
    "code.redeemed": events.CodeUse,
    "code.voided": events.CodeUse,
    "message.delivered": events.MessageFate,
    "message.failed": events.MessageFate,
    "link.clicked": events.Click,
    "contact.opted_out": events.OptOut,
    "survey.answered": events.SurveyReply,
    "payment.paid": events.PaymentEnd,
    "import.finished": events.ImportEnd,
    "webhook.test": events.Test,
}
INNER: dict[str, type[Any]] = {
    "message": events.MessageName,
    "recipient": events.Recipient,
    "answers": events.QuestionAnswer,
    **dict.fromkeys(("order", "discount", "paid", "returned", "amount"), events.Amount),
}


def names(shape: type[Any]) -> list[str]:
    return [field.name for field in fields(shape)]


def test_each_event_has_an_example() -> None:
    assert [example["type"] for example in EXAMPLES] == [*EVENT_TYPES, "webhook.test"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["type"]))
def test_an_example_has_the_shape_of_its_event(example: dict[str, Any]) -> None:
    assert list(example) == ["type", "timestamp", "data"]
    assert list(example["data"]) == names(SHAPES[example["type"]])
    for name, value in example["data"].items():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                assert list(inner) == names(INNER[name])


def test_the_times_are_those_of_the_schedule() -> None:
    seconds, *minutes, two, five, ten, fourteen, twenty, day = (step.total_seconds() for step in STEPS)
    assert (seconds, minutes) == (5, [300, 1_800]) and TRIES == 10
    assert [hours / 3_600 for hours in (two, five, ten, fourteen, twenty, day)] == [2, 5, 10, 14, 20, 24]
    words = " ".join(PAGE.split())
    assert "after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours" in words
    assert f"**Answer 2xx within {posting.ATTEMPT_S:.0f} seconds**" in words
