"""The description of all addresses is right about them; that they keep to it, acceptance/ shows."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.credential_health import CONCURRENCY_MAX, PRIORITY_MAX, WEIGHT_MAX
from cursor_api.web.management.openapi import ERROR_DESCRIPTIONS
from cursor_api.web.parts import Lasting, WebOptions
from cursor_api.web.table import Table
from tests.house import BEARER, House
from tests.serving import ask, serve
from tests.vectors.load import load


def describe_all(version: str, route_prefix: str) -> dict[str, Any]:
    """The document of the rows that the app has."""
    house = House()
    options = WebOptions(version=version, route_prefix=route_prefix)
    return Table(house.parts, options, Lasting(house.clock)).describe()


DOCUMENT = describe_all("1.2.3", "")
METHODS = {"get", "post", "patch", "delete", "put"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each as (path, method, description)."""
    for path, item in DOCUMENT["paths"].items():
        for method in sorted(METHODS & item.keys()):
            yield path, method, item[method]


def references(value: object) -> Iterator[str]:
    """Every `$ref` in it."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


async def test_it_is_served_without_a_key() -> None:
    """It says nothing that is not in the documentation."""
    async with serve(House(options=WebOptions(version="9.8.7")).app) as port:
        answer = await ask(port, "GET", "/api/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (body["openapi"], body["info"]["version"]) == ("3.1.0", "9.8.7")


async def test_it_is_the_document_that_clients_were_generated_from() -> None:
    """A change of it is a change for them: whoever means it changes the file as well."""
    async with serve(House(options=WebOptions(version="1.2.3")).app) as port:
        served = (await ask(port, "GET", "/api/openapi.json")).json()
    assert served == load("openapi")["document"]
    assert json.loads(json.dumps(DOCUMENT, default=dict)) == load("openapi")["document"]


def test_addresses_count_from_the_prefix() -> None:
    """A client that is generated from it finds them."""
    assert describe_all("1", "")["servers"] == [{"url": "/"}]
    assert describe_all("1", "/hf")["servers"] == [{"url": "/hf"}]


def test_every_reference_leads_somewhere_and_every_type_is_used() -> None:
    """No hole and no leftover."""
    schemas = DOCUMENT["components"]["schemas"]
    found = {ref.removeprefix("#/components/schemas/") for ref in references(DOCUMENT)}
    assert found == set(schemas)


def test_every_type_is_described() -> None:
    """In the words of its docstring, without the indentation."""
    for schema in DOCUMENT["components"]["schemas"].values():
        assert schema["description"] == inspect.cleandoc(schema["description"])
        assert schema["description"].endswith(".")


def test_every_operation_says_who_may_and_how_it_fails() -> None:
    """What asks for a key can be 401 and 403; every error is its API's error object."""
    assert len(list(operations())) == 49
    for path, method, operation in operations():
        responses = operation["responses"]
        assert operation["summary"]
        assert "405" in responses
        security = operation.get("security", [{"bearer": []}, {"apiKey": []}])
        assert ("401" in responses) is ({"bearer": []} in security), (method, path)
        # A kept answer is for whoever asked for it: no key is refused there. A model may be.
        is_open = {} in security and path != "/v1/models/{id}"
        is_for_all = is_open or path.startswith("/v1/responses/{")
        assert ("403" in responses) is (not is_for_all), (method, path)
        for status, response in responses.items():
            if int(status) >= 400:
                assert response["description"] == ERROR_DESCRIPTIONS[int(status)]
                schema = response["content"]["application/json"]["schema"]
                name = "MessageErrorOut" if path.startswith("/v1/messages") else "ErrorOut"
                assert schema == {"$ref": f"#/components/schemas/{name}"}


def test_bounds_are_the_domains() -> None:
    """A client can check a form before it sends it."""
    properties = DOCUMENT["components"]["schemas"]["CredentialPatch"]["properties"]
    assert properties["priority"]["maximum"] == PRIORITY_MAX
    assert properties["priority"]["minimum"] == -PRIORITY_MAX
    assert properties["weight"] == {"type": "integer", "minimum": 1, "maximum": WEIGHT_MAX}
    assert properties["concurrency_max"]["anyOf"][0]["maximum"] == CONCURRENCY_MAX


def test_instants_are_marked_as_such() -> None:
    """So that a generated client makes dates of them."""
    schemas = DOCUMENT["components"]["schemas"]
    for name, schema in schemas.items():
        for field, described in schema.get("properties", {}).items():
            if field.endswith("_at") or field == "now":
                assert '"date-time"' in json.dumps(described), (name, field)


@pytest.mark.parametrize(("path", "method"), [(p, m) for p, m, _ in operations()])
async def test_every_operation_exists(path: str, method: str) -> None:
    """None is described that is not there: with the key it is neither 404 nor 405."""
    house = House()
    await house.keys.keys.create(KeyTerms("Alice"))
    async with serve(house.app) as port:
        address = path.replace("{alias}", "a").replace("{id}", "gpt-4o")
        address = address.replace("{key_id}", "alice")
        answer = await ask(port, method.upper(), address, headers=BEARER)
    # There is the address, and no such answer.
    is_there = b"previous_response_not_found" in answer.body or b"no record of" in answer.body
    # A key that is in use is not deleted.
    assert is_there or answer.status in {200, 400, 409}, answer.body
