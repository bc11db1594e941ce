"""Every service's way to fail, as one of our errors with a sentence."""

import time
from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from homeward.errors import (
    Failed,
    Garbled,
    ModelError,
    ModelMissing,
    Overloaded,
    Rejected,
    TooLong,
    Unauthorized,
)
from homeward.wire.failures import decode_error, in_stream

from .recordings import GOLDEN


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, golden("llamacpp/too_long.json"), TooLong, "2417 tokens"),
        (400, golden("openai/chat_error.json"), TooLong, "130512 tokens"),
        (400, golden("anthropic/error.json"), TooLong, "prompt is too long"),
        (
            400,
            b'{"error":"the input length exceeds the context length"}',
            TooLong,
            "shorten it",
        ),
        (413, b'{"message":"maximum context length is 4096"}', TooLong, "4096"),
        (400, golden("llamacpp/no_messages.json"), Rejected, "'messages' is required"),
        (404, golden("llamacpp/nowhere.json"), ModelMissing, "base_url"),
        (404, golden("ollama/not_found.json"), ModelMissing, "`ollama pull qwen9`"),
        (404, golden("watsonx/error.json"), ModelMissing, "not supported"),
        (400, golden("watsonx/error.json"), ModelMissing, "homeward models"),
        (401, b'{"error":{"message":"Incorrect API key"}}', Unauthorized, "set api_key"),
        (403, b"", Unauthorized, "set api_key"),
        (429, b'{"error":{"type":"rate_limit_error","message":"slow"}}', Overloaded, "slow"),
        (503, b'{"error":"server busy, please try again."}', Overloaded, "server busy"),
        (529, b'{"type":"error","error":{"type":"overloaded_error"}}', Overloaded, "overloaded"),
        (500, b'[{"error":{"code":500,"message":"Internal","status":"X"}}]', Failed, "Internal"),
        (500, golden("llamacpp/image.json"), Rejected, "not supported"),
        (502, b"<html><h1>Bad Gateway</h1></html>", Failed, "web page"),
        (422, b'{"detail":[{"loc":["body"],"msg":"field required"}]}', Rejected, "field required"),
        (402, b'{"title":"Insufficient credit","detail":"no credit"}', Rejected, "no credit"),
        (400, b'{"errorCode":"BXNIM0415E","errorMessage":"key not found"}', Rejected, "key not"),
        (418, b'{"teapot":true}', Rejected, "teapot"),
        (400, b"\xff\xfe\x00", Rejected, "400"),
        (500, b"", Failed, "the body is empty"),
    ],
)
def test_a_failure_is_one_of_ours(
    status: int, body: bytes, error: type[ModelError], words: str
) -> None:
    found = decode_error(status, body, {}, model="qwen9")
    assert type(found) is error
    assert words in str(found)


def test_a_redirect_names_where_it_points() -> None:
    found = decode_error(308, b"", {"location": "https://example.org/v1"})
    assert isinstance(found, Rejected)
    assert "set base_url to https://example.org/v1" in str(found)


def test_a_status_that_is_no_failure_is_garbled() -> None:
    assert isinstance(decode_error(204, b"", {}), Garbled)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "1.2.3"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    found = decode_error(429, b"{}", headers)
    assert isinstance(found, Overloaded)
    assert found.retry_after == seconds


def test_a_date_to_wait_for_is_turned_into_seconds() -> None:
    found = decode_error(503, b"", {"retry-after": formatdate(time.time() + 600, usegmt=True)})
    assert isinstance(found, Overloaded)
    assert found.retry_after is not None
    assert 300 < found.retry_after <= 600


@settings(deadline=None)
@given(st.integers(100, 599), st.binary(max_size=2000), st.dictionaries(st.text(), st.text()))
def test_any_answer_makes_one_short_sentence(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    found = str(decode_error(status, body, headers, model="m"))
    assert 20 < len(found) < 600
    assert "\n" not in found


def test_a_long_body_is_quoted_in_part() -> None:
    body = json.encode({"error": {"message": "word " * 1000}})
    assert len(str(decode_error(500, body, {}))) < 400


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, Overloaded),
        ({"type": "exceed_context_size_error", "code": 400, "message": "long"}, TooLong),
        ({"code": "context_length_exceeded", "message": "long"}, TooLong),
        ({"type": "authentication_error", "message": "no"}, Unauthorized),
        ({"type": "invalid_request_error", "message": "no"}, Rejected),
        ({"type": "InternalServerError", "code": 500, "message": "no"}, Failed),
        ("CUDA error: out of memory", Failed),
        ({}, Failed),
        (7, Failed),
    ],
)
def test_a_failure_in_a_stream_is_told_by_its_kind(error: object, kind: type[ModelError]) -> None:
    assert type(in_stream(error)) is kind
