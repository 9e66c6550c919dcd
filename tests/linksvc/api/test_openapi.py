import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_pydantic import OpenAPI

from linksvc.api.failures import failures_of
from linksvc.api.openapi import make_document
from linksvc.api.operations import OPERATIONS
from linksvc.api.problems import ProblemDetails
from linksvc.api_keys import SCOPES
from linksvc.public_ids import PREFIXES
from tests.linksvc.api.conftest import Api


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(make_document(OPERATIONS, "https://ricochet.example"))
    return parsed


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from ([node["$ref"]] if "$ref" in node else [])
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from references(part)


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    parsed = OpenAPI.model_validate(document)
    assert parsed.openapi.startswith("3.1.")
    assert parsed.servers[0].url == "https://ricochet.example"


def test_the_document_lists_what_is_served(document: dict[str, Any]) -> None:
    documented = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert documented == {(operation.method, operation.path) for operation in OPERATIONS}
    assert len(OPERATIONS) == len(documented)
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_operation_is_documented_as_it_is(document: dict[str, Any], operation: Any) -> None:
    documented = document["paths"][operation.path][operation.method.lower()]
    assert documented["operationId"] == operation.name
    assert documented["summary"]
    assert documented["security"] == ([{"key": []}] if operation.scope else [])
    assert operation.scope is None or operation.scope in SCOPES
    assert set(documented["responses"]) == {
        str(operation.status),
        *(str(failure.status) for failure in failures_of(operation)),
    }
    for failure in failures_of(operation):
        response = documented["responses"][str(failure.status)]
        assert f"`{failure.code}`" in response["description"]
        content = response["content"]["application/problem+json"]
        assert content["schema"]["$ref"].endswith("/ProblemDetails")
        example = ProblemDetails.model_validate(content["examples"][failure.code]["value"])
        assert (example.status, example.code, example.retryable) == (failure.status, failure.code, failure.retryable)
    assert operation.media_type in documented["responses"][str(operation.status)]["content"]
    assert ("requestBody" in documented) == (operation.body is not None or operation.body_raw)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_the_parameters_of_an_operation_are_documented(document: dict[str, Any], operation: Any) -> None:
    documented = document["paths"][operation.path][operation.method.lower()]
    found = {(parameter["in"], parameter["name"]) for parameter in documented.get("parameters", [])}
    expected = {("path", name) for name in re.findall(r"{(\w+)}", operation.path)}
    fields = operation.query.model_fields if operation.query else {}
    expected |= {("query", field.alias or name) for name, field in fields.items()}
    expected |= {("header", "Idempotency-Key")} if operation.idempotency_key != "none" else set()
    expected |= {("header", name.title()) for name in operation.headers}
    assert found == expected
    assert set(operation.path_ids.values()) <= set(PREFIXES)


def test_a_file_is_documented_as_a_part_of_a_form(document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        if operation.multipart:
            body = document["paths"][operation.path][operation.method.lower()]["requestBody"]
            schema = body["content"]["multipart/form-data"]["schema"]
            assert schema["properties"]["file"]["type"] == "string"
            assert "file" in schema["required"]


def test_the_page_for_shops_lists_the_errors_of_a_redemption() -> None:
    page = (Path(__file__).parents[3] / "docs" / "redemptions.md").read_text()
    (operation,) = (operation for operation in OPERATIONS if operation.name == "redeem_code")
    unlisted = {"malformed_request", "json_malformed", "too_large", "unsupported_media_type", "internal_error"}
    for failure in failures_of(operation):
        assert (f"`{failure.code}`" in page) is (failure.code not in unlisted), failure.code


def test_the_document_is_served(sqlite_api: Api) -> None:
    answer = sqlite_api.client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert OpenAPI.model_validate_json(answer.content).info.title == "Ricochet"
