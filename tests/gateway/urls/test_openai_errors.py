"""Errors in OpenAI's own words."""

import json
from typing import Any

import pytest

from homeward.backends.scripted import Scripted
from homeward.errors import (
    AllFailed,
    Failed,
    Forbidden,
    Garbled,
    ModelError,
    OverBudget,
    Overloaded,
    Rejected,
    TimedOut,
    TooLong,
    Unauthorized,
    Unreachable,
)
from homeward.gateway.answers.shapes import OPENAI
from homeward.gateway.refused import Refused
from homeward.gateway.routes import routes_of
from tests.gateway.running import running
from tests.gateway.urls.openai_answers import ASKED, check

INVALID = "invalid_request_error"
ECHO = "models: {echo: {echo: {}}}"


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (Rejected("no"), 400, INVALID, None),
        (TooLong("no"), 400, INVALID, "context_length_exceeded"),
        (OverBudget("no"), 402, "insufficient_quota", "insufficient_quota"),
        (Forbidden("no"), 403, INVALID, "clearance_too_narrow"),
        (Overloaded("no", 3), 429, "rate_limit_error", "rate_limit_exceeded"),
        (Unauthorized("no"), 502, "server_error", "model_unauthorized"),
        (Unreachable("no"), 502, "server_error", "model_unreachable"),
        (Garbled("no"), 502, "server_error", "garbled_answer"),
        (Failed("no"), 502, "server_error", "model_failed"),
        (TimedOut("no"), 504, "server_error", "timeout"),
        (AllFailed([Failed("no"), TooLong("no")]), 400, INVALID, "context_length_exceeded"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ModelError) else "",
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_has_openais_type_and_code(
    error: ModelError, status: int, kind: str, code: str | None, *, stream: bool
) -> None:
    async with running(ECHO) as gateway:
        gateway.gateway.routes |= routes_of({"ill": Scripted((error,))})
        body = {"model": "ill", **ASKED, "stream": stream}
        answer = await gateway.ask("POST", "/v1/chat/completions", body)
    check("ErrorResponse", answer.json)
    told = answer.json["error"]
    assert (answer.status, told["type"], told["code"]) == (status, kind, code)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "invalid_api_key"),
        (403, "permission_denied"),
        (413, "request_too_large"),
        (429, "rate_limit_exceeded"),
    ],
)
def test_what_the_gateway_itself_refuses_has_openais_code(status: int, code: str) -> None:
    body = json.loads(OPENAI(Refused(status, "no")))
    check("ErrorResponse", body)
    assert body["error"]["code"] == code


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "param"),
    [
        ("/v1/chat/completions", {"model": "x", **ASKED}, 404, "model_not_found", "model"),
        ("/v1/chat/completions", b"{", 400, None, None),
        ("/v1/chat/completions", {"model": "echo", **ASKED, "n": 2}, 400, None, None),
        ("/v1/responses", {"model": "x", "input": "a"}, 404, "model_not_found", "model"),
        ("/v1/responses", {"input": "a"}, 400, None, None),
        ("/v1/completions", {"model": "echo", "prompt": [1]}, 400, None, None),
        ("/v1/completions", {"model": "echo", "prompt": ["a", "b"]}, 400, None, None),
        ("/v1/completions", {"model": "echo", "prompt": "a", "echo": True}, 400, None, None),
        ("/v1/completions", {"model": "echo", "prompt": "a", "best_of": 2}, 400, None, None),
        ("/v1/completions", {"model": "echo"}, 400, None, None),
        ("/v1/embeddings", {"model": "x", "input": "a"}, 404, "model_not_found", "model"),
        (
            "/v1/embeddings",
            {"model": "echo", "input": "a", "encoding_format": "x"},
            400,
            None,
            None,
        ),
        ("/v1/nothing", {}, 404, None, None),
        ("/v1/models", {}, 405, "method_not_supported", None),
    ],
)
async def test_a_wrong_request_is_told_as_openai_tells_it(
    path: str, body: Any, status: int, code: str | None, param: str | None
) -> None:
    async with running(ECHO) as gateway:
        answer = await gateway.ask("POST", path, body)
    check("ErrorResponse", answer.json)
    told = answer.json["error"]
    assert (answer.status, told["type"]) == (status, INVALID)
    assert (told["code"], told["param"]) == (code, param)
