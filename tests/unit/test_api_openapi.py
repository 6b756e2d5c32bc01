"""The API's own document, and what it says of queries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.routing import Route

from minicloud.api.app import make_app
from tests.unit.app_transport import AppTransport, app_transport, backend_of
from tests.unit.cloud import Cloud


@pytest.fixture
def transport(cloud: Cloud) -> AppTransport:
    return app_transport(cloud)


@pytest.fixture
def document(transport: AppTransport) -> Any:
    return json.loads(transport.ask("GET", "/openapi.json").body())


def test_it_has_every_route(cloud: Cloud, document: Any) -> None:
    told = {
        (path, method.upper())
        for path, operations in document["paths"].items()
        for method in operations
    }
    routes = [route for route in make_app(backend_of(cloud)).routes if isinstance(route, Route)]
    assert told == {
        (route.path.replace(":path", ""), method)
        for route in routes
        for method in (route.methods or set()) - {"HEAD"}
    }


def test_it_names_no_schema_that_it_has_not(document: Any) -> None:
    references = {
        line.split('"')[3]
        for line in json.dumps(document, indent=1).splitlines()
        if '"$ref"' in line
    }
    assert references
    for reference in references:
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_it_tells_a_route_whole(document: Any) -> None:
    launch = document["paths"]["/v1/instances"]["post"]
    assert launch["requestBody"]["required"] is True
    schema = document["components"]["schemas"]["LaunchBody"]
    assert schema["required"] == ["image", "type"]
    assert schema["additionalProperties"] is False
    logs = document["paths"]["/v1/instances/{ref}/logs"]["get"]
    assert [p["name"] for p in logs["parameters"]] == ["ref", "tail", "follow"]
    assert [*logs["responses"]["200"]["content"]] == ["text/plain"]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/instances?al=true", "InvalidParameterValue"),
        ("/instances?all=maybe", "InvalidParameterValue"),
        ("/operations?limit=1001", "InvalidParameterValue"),
        ("/operations?limit=-1", "InvalidParameterValue"),
        ("/operations?limit=%D9%A3", "InvalidParameterValue"),
        ("/instances/web/usage?hours=0", "InvalidParameterValue"),
        ("/listeners", "MissingParameter"),
        ("/listeners?balancer=", "MissingParameter"),
    ],
)
def test_a_query_is_held_to_it(transport: AppTransport, target: str, code: str) -> None:
    answer = transport.ask("GET", target)
    assert answer.status == 400
    assert json.loads(answer.body())["error"]["code"] == code
