"""Whatever is wrong is told in our words, and what would be right with it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from linksvc.api.operations import OPERATIONS
from linksvc.api.parsing import parse_json, read_pairs
from linksvc.api.wrong_values import words_of
from linksvc.errors import InvalidRequest
from linksvc.webhooks.events import EVENT_TYPES

SHAPES = {operation.name: operation for operation in OPERATIONS}

TIME = "A time with its zone is asked for, such as 2026-11-20T10:00:00+01:00."
DAY = "A day is asked for, such as 2026-11-20."


def body(name: str) -> type[BaseModel]:
    shape = SHAPES[name].body
    assert shape is not None
    return shape


def told(shape: type[BaseModel], sent: str) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        parse_json(sent.encode(), shape)
    return {error.field: error.message for error in refused.value.errors}


@pytest.mark.parametrize(
    ("name", "sent", "expected"),
    [
        (
            "redeem_code",
            '{"code":"","order":{"amount":"3","currency":"eur","delivery":-1},"customer_ref":5,"x":1}',
            {
                "code": "At least 1 character must be given.",
                "order_ref": "It is missing.",
                "order.amount": "A whole number is asked for.",
                "order.currency": "Three capital letters of ISO 4217 are asked for, such as EUR.",
                "order.delivery": "0 or more is asked for.",
                "customer_ref": "A text is asked for.",
                "x": "There is no such field here. Leave it out.",
            },
        ),
        (
            "redeem_code",
            '{"code":"A","order_ref":"R","order":{"amount":3,"currency":"EUR","delivery":4}}',
            {"order": "Delivery is a part of the order, so it cannot be more than the amount."},
        ),
        ("redeem_code", "[]", {"": "An object is asked for, with its fields by name."}),
        ("generate_codes", '{"count":10001}', {"count": "10000 or less is asked for."}),
        ("add_webhook", '{"url":"u","events":[]}', {"events": "At least 1 item must be given."}),
        ("add_webhook", '{"url":"u","events":"all"}', {"events": "A list is asked for."}),
        (
            "add_webhook",
            '{"url":"u","events":["code.x"]}',
            {"events.0": f"One of these is asked for: {', '.join(EVENT_TYPES)}."},
        ),
        (
            "add_offer",
            '{"name":"x","kind":"percentage","percent":"1.234","stackable":"no","ends_at":"tomorrow"}',
            {
                "percent": "At most 2 decimal places may be given.",
                "stackable": "true or false is asked for.",
                "ends_at": f"{TIME} Or: {DAY}",
            },
        ),
    ],
)
def test_each_wrong_field_says_what_would_be_right(name: str, sent: str, expected: dict[str, str]) -> None:
    assert told(body(name), sent) == expected


def test_a_query_is_told_in_the_same_words() -> None:
    query = SHAPES["read_redemptions"].query
    assert query is not None
    with pytest.raises(InvalidRequest) as refused:
        read_pairs([("since", "2026-01-01T00:00:00"), ("limit", "ten")], query)
    assert {error.field: error.message for error in refused.value.errors} == {
        "since": TIME,
        "limit": "A whole number is asked for.",
    }


def test_every_pattern_of_the_shapes_is_put_into_words() -> None:
    # A page's document is told of by `linksvc.landing.faults`.
    read = [operation for operation in OPERATIONS if operation.tag != SHAPES["add_page"].tag]
    shapes = {model for operation in read for model in (operation.body, operation.query) if model is not None}
    _, schema = models_json_schema([(shape, "validation") for shape in shapes])
    found = set(patterns(schema))
    assert found
    assert [one for one in found if one in words_of("string_pattern_mismatch", {"pattern": one}, "")] == []


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for part in schema.values():
            yield from patterns(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from patterns(part)


GARBAGE = ("null", "0", "-1", "1.5", '""', '"x"', "[]", "[0]", "{}", "true", '"2026"', '"' + "x" * 70_000 + '"', "1e400")


def test_nothing_speaks_of_python_whatever_is_sent() -> None:
    for operation in OPERATIONS:
        if operation.body is None:
            continue
        for value in GARBAGE:
            fields = ",".join(f'"{name}":{value}' for name in operation.body.model_fields)
            for sent in (value, f"{{{fields}}}"):
                try:
                    parse_json(sent.encode(), operation.body)
                except InvalidRequest as problem:
                    for error in problem.errors:
                        assert not re.search(r"Input |String |Tuple |List |Field |Value |Python|valid ", error.message), (
                            operation.name,
                            error,
                        )
                        assert error.message.endswith(".")


@pytest.mark.parametrize("digits", ['"20261130000000"', '"1.9e9"', '"20261130"', "1795165260"])
def test_digits_alone_are_no_time(digits: str) -> None:
    offer = f'{{"name":"o","kind":"percentage","percent":"10","ends_at":{digits}}}'
    assert told(body("add_offer"), offer) == {"ends_at": f"{TIME} Or: {DAY}"}
    with pytest.raises(InvalidRequest):
        query = SHAPES["read_redemptions"].query
        assert query is not None
        read_pairs([("since", digits.strip('"'))], query)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_has_no_time_in_utc_is_none(moment: str) -> None:
    assert told(body("add_offer"), f'{{"name":"o","kind":"percentage","percent":"10","ends_at":"{moment}"}}') == {
        "ends_at": f"{TIME} Or: {DAY}"
    }
    assert told(body("redeem_codes"), f'{{"occurred_at":"{moment}"}}')["occurred_at"] == TIME
    for name, field in (("read_redemptions", "since"), ("read_redemptions", "until")):
        query = SHAPES[name].query
        assert query is not None
        with pytest.raises(InvalidRequest):
            read_pairs([(field, moment)], query)
