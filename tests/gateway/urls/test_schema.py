"""Our own OpenAPI document is true: of every URL, and whatever is sent to it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from homeward.gateway.app import URLS
from homeward.gateway.urls.schema import about_, document
from homeward.gateway.urls.url import Url
from tests.contract import PATIENCE
from tests.gateway.standing import Standing, key, standing

MODELS = """
models:
  echo: {echo: {}}
  other: {scripted: {says: hello}}
"""
SCHEMA = document(URLS)
CALLER, SECRET = key("caller")
ADMIN, ADMIN_SECRET = key("admin", admin=True)
ONCE = list({(url.method, url.endpoint): url for url in reversed(URLS)}.values())
"""The same endpoint has several paths."""

TAKING = [url for url in ONCE if url.method == "POST"]
DOCUMENTED_5XX = {"502", "503", "504"}


@pytest.fixture(scope="module")
def house() -> Iterator[Standing]:
    with standing(MODELS, (CALLER, SECRET), (ADMIN, ADMIN_SECRET)) as gateway:
        yield gateway


@pytest.mark.parametrize("url", URLS, ids=lambda url: f"{url.method} {url.path}")
def test_every_url_is_described(url: Url) -> None:
    assert about_(url) is not None, "give it a row in ABOUT of gateway/urls/schema.py"


def test_it_is_served_to_anybody(house: Standing) -> None:
    reply = house.ask("GET", "/homeward/openapi.json")
    assert (reply.status, reply.json) == (200, json.loads(json.dumps(SCHEMA)))


def test_every_reference_leads_somewhere() -> None:
    for reference in references(SCHEMA):
        found: Any = SCHEMA
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


@pytest.mark.parametrize("name", SCHEMA["components"]["schemas"])
def test_every_component_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMA["components"]["schemas"][name])


def test_who_may_come_is_in_it() -> None:
    for url in URLS:
        operation = SCHEMA["paths"][url.path][url.method.lower()]
        assert operation["x-homeward-access"] == url.access
        assert bool(operation["security"]) == (url.access != "open")
        assert ("401" in operation["responses"]) == (url.access != "open")


DRAWN = schemathesis.openapi.from_dict(document(ONCE))
DRAWN.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
FEW = settings(
    max_examples=5,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@DRAWN.parametrize()
@FEW
def test_what_is_drawn_from_it_is_answered_as_it_says(
    case: schemathesis.Case[Any], house: Standing
) -> None:
    if isinstance(case.body, dict) and isinstance(case.body.get("model"), str):
        case.body["model"] = "echo"  # else nearly every question would be for no model at all
    response = case.call(
        base_url=house.url, headers={"authorization": f"Bearer {ADMIN_SECRET}"}, timeout=PATIENCE
    )
    case.validate_response(
        response,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "name", "user", "image_url"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
FIELDS = ["messages", "prompt", "input", "tools", "stream", "options", "format", "homeward", "id"]
FIELDS += ["max_tokens", "stop", "temperature", "response_format", "tool_choice", "system", "n"]
BODIES = st.binary(max_size=64) | st.builds(
    lambda rest, model: json.dumps({**rest, **model}).encode(),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5),
    st.sampled_from([{}, {"model": "echo"}, {"model": "other"}, {"model": ""}]),
)


@pytest.mark.parametrize("url", TAKING, ids=lambda url: url.path)
@settings(FEW, max_examples=20)
@given(body=BODIES)
def test_whatever_is_sent_breaks_nothing(house: Standing, url: Url, body: bytes) -> None:
    path = url.path.partition("{")[0] + "x" if "{" in url.path else url.path
    reply = house.ask("POST", path, body, {"authorization": f"Bearer {ADMIN_SECRET}"})
    described = SCHEMA["paths"][url.path]["post"]["responses"]
    assert reply.status < 500 or str(reply.status) in DOCUMENTED_5XX & described.keys()


@pytest.mark.parametrize("url", TAKING, ids=lambda url: url.path)
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"messages":' * 50_000,
        b'{"model":"' + b"x" * 1_000_000 + b'"}',
        b'{"model":"echo","model":"other","messages":[]}',
        b'{"model":"\\ud800","messages":[]}',
        b'{"model":"echo","messages":[{"role":"user","content":1e999}]}',
        b'{"model":"echo","max_tokens":99999999999999999999999999,"messages":[]}',
        b'{"model":"echo","messages":[{"role":"user","content":"\\u0000"}]}',
        b"\xff\xfe{\x00}\x00",
        b"null",
        b'"' + b"\\u0041" * 1000 + b'"',
    ],
    ids=[
        "lists",
        "objects",
        "name",
        "twice",
        "half",
        "huge",
        "many",
        "nul",
        "utf16",
        "null",
        "text",
    ],
)
def test_a_strange_body_breaks_nothing(house: Standing, url: Url, body: bytes) -> None:
    path = url.path.partition("{")[0] + "x" if "{" in url.path else url.path
    reply = house.ask("POST", path, body, {"authorization": f"Bearer {ADMIN_SECRET}"})
    assert reply.status < 500
    assert len(reply.body) < 10_000
