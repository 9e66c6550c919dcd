"""The API against its own description, by schemathesis: what fits it and what does not is answered as it says."""

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks
from sqlalchemy import Engine
from structlog.testing import capture_logs

from linksvc.api.app import create_api
from linksvc.api.failures import failures_of
from linksvc.api.limits import Limits
from linksvc.api.openapi import make_document
from linksvc.api.operation import NDJSON, Failure
from linksvc.api.operations import OPERATIONS
from linksvc.api.problems import ProblemDetails
from linksvc.api_keys import SCOPES, create_key
from linksvc.database import writing
from linksvc.keys import open_keyring
from linksvc.landing.pages import create_page
from linksvc.models import PromoCode
from linksvc.settings import Settings
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import served
from tests.linksvc.landing.documents_by_example import WHOLE, parsed

EXAMPLES = 4
"""Of each operation, of requests that fit and of requests that do not."""

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]

TOO_LARGE = 413

FAILURES = {(operation.method, operation.path): failures_of(operation) for operation in OPERATIONS}


@pytest.fixture
def target(engine: Engine, settings: Settings) -> Iterator[tuple[str, str]]:
    """The address of an API whose workspace has something of each kind, and a key that may do everything there."""
    workspace_id = factories.workspace(engine)
    shop_id = factories.shop(engine, workspace_id)
    offer_id = factories.offer(engine, workspace_id)
    factories.produced_campaign(engine, workspace_id, 2, offer_id=offer_id, send_requested_at=NOW)
    with writing(engine) as session:
        key = create_key(session, workspace_id, "till", SCOPES, shop_id, NOW)
        session.add(PromoCode(workspace_id=workspace_id, code="SUMMER", offer_id=offer_id, max_uses=1_000))
        create_page(session, workspace_id, "Sale", parsed(WHOLE), NOW)
    unlimited = settings.model_copy(update={"api_requests_per_key": 0, "api_requests_per_address": 0})
    hours = count(step=3_600)  # A guesser who takes an hour for each guess is not slowed down.
    app = create_api(unlimited, engine, open_keyring(settings), lambda: NOW, Limits(unlimited, lambda: float(next(hours))))
    # What is logged is nobody's business here, and a traceback takes the development's log seconds to draw.
    with capture_logs(), served(app) as url:
        yield url, key


@schemathesis.serializer(NDJSON)
def as_lines(_: schemathesis.SerializationContext, value: object) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value)).encode(errors="replace")


@schemathesis.deserializer(NDJSON)
def as_text(_: schemathesis.DeserializationContext, response: schemathesis.Response) -> str:
    return response.text


KNOWN: dict[str, Any] = {
    "code": "summer",
    "currency": "EUR",
    "offer_id": "off_1",
    "page_id": "pag_1",
    "shop_id": "shp_1",
    "order_ref": "R-1",
}


def document() -> dict[str, Any]:
    """What is published, but for the key, which every request has, and for what there is: chance would never find it."""
    published: dict[str, Any] = json.loads(make_document(OPERATIONS, "http://127.0.0.1"))
    for methods in published["paths"].values():
        for described in methods.values():
            described["security"] = []
            if lines := described.get("requestBody", {}).get("content", {}).get(NDJSON):
                lines["schema"] = {"anyOf": [{"type": "string"}, lines["schema"]["contentSchema"]]}
            for parameter in described.get("parameters", ()):
                if parameter["in"] == "path" and not parameter["schema"].get("minLength"):
                    prefix = parameter["schema"]["examples"][0].partition("_")[0]
                    parameter["schema"] = _or(f"{prefix}_1", parameter["schema"])
    _tell_known(published["components"]["schemas"])
    return published


def _tell_known(node: Any) -> None:
    if isinstance(node, dict):
        properties = node.get("properties", {})
        for name in properties.keys() & KNOWN.keys():
            properties[name] = _or(KNOWN[name], properties[name])
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _tell_known(inner)


def _or(known: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"const": known}, schema]}


def check_that_it_is_documented(operation: APIOperation[Any, Any, Any, Any], response: requests.Response) -> None:
    """An error is one that the operation documents, and looks as its example."""
    if response.status_code >= 400:
        problem = ProblemDetails.model_validate_json(response.content)
        told = Failure(problem.status, problem.code, "", problem.retryable)
        documented = FAILURES[operation.method.upper(), operation.path]
        assert told in [Failure(one.status, one.code, "", one.retryable) for one in documented], response.text


# What does not fit is refused before any database is asked.
@pytest.mark.parametrize(
    ("database_url", "mode"),
    [
        ("sqlite", GenerationMode.POSITIVE),
        ("postgresql", GenerationMode.POSITIVE),
        ("sqlite", GenerationMode.NEGATIVE),
    ],
    indirect=["database_url"],
)
def test_every_answer_is_one_that_is_described(
    mode: GenerationMode, target: tuple[str, str], subtests: pytest.Subtests
) -> None:
    url, key = target
    with requests.Session() as session:
        for found in schemathesis.openapi.from_dict(document()).get_all_operations():
            operation = found.ok()
            with subtests.test(operation=operation.label):
                converse(operation, mode, url, key, session)


def converse(
    operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, url: str, key: str, session: requests.Session
) -> None:
    # What is wrong with a line of an upload is told in that line's result.
    excluded = [checks.negative_data_rejection] if operation.path.endswith("/batch") else []

    @hypothesis_settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        response = case.call(url, session, {"Authorization": f"Bearer {key}"})
        # Of an id that is a list schemathesis leaves a # as it is, and nothing behind it leaves the client: another
        # address has answered.
        assume(not urlsplit(str(response.request.url)).fragment)
        # What is too large is refused before anybody knows what else is wrong with it.
        unread = [checks.negative_data_rejection] if response.status_code == TOO_LARGE else []
        case.validate_response(response, checks=CHECKS, excluded_checks=[*excluded, *unread])
        check_that_it_is_documented(operation, response)

    # A request without a body, a parameter or a key has nothing that could be wrong.
    with suppress(Unsatisfiable):
        ask()
