"""What runtimes say when they fail, as our errors. One table for every dialect's shapes."""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

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
from homeward.wire.fields import BAD_JSON, LONGEST, shown

# Error types and codes that mean a status, for errors that come in the middle of a stream.
_STATUS = {
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "model_not_supported": 404,  # watsonx, sent with 400 or 404
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "exceed_context_size_error": 400,
    "context_length_exceeded": 400,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "overloaded_error": 529,
    "unavailable_error": 503,
}
_TOO_LONG = re.compile(
    r"exceed_context_size|context_length_exceeded|prompt is too long|maximum context length"
    r"|exceeds? the (?:available |model's )?(?:context|maximum) (?:size|length|window)"
    r"|input (?:length|is) (?:exceeds|too long)|context window",
    re.IGNORECASE,
)
# llama.cpp answers 500 to these, and 501, which are no fault of the runtime's: to an image that its
# model has no eyes for, to a text that is too long to embed, to a middle that it cannot fill in.
_NOT_ABLE = re.compile(r"input is not supported|does not support", re.IGNORECASE)
_TOO_LARGE = re.compile(r"input \(\d+ tokens\) is (?:too large|larger than)")  # so, to embed
_NO_INFILL = re.compile(r"infill is not supported|does not support insert", re.IGNORECASE)


def decode_error(
    status: int, body: bytes, headers: Mapping[str, str], *, model: str = ""
) -> ModelError:
    """The error that an answer with a status other than 200 stands for.

    ``headers`` have lower-case names. Any body will do: empty, HTML and binary ones still make a
    sentence.
    """
    kind, message = _read_body(body)
    if 300 <= status < 400:
        return Rejected(
            f"the server answered {status} and points elsewhere; redirects are not followed: "
            f"set base_url to {shown(headers.get('location', '')) or 'where the model lives'}"
        )
    if status < 400:
        return Garbled(f"the server answered {status} where an answer was due: {message}")
    return _error(status, kind, message, _retry_after(headers), model)


def in_stream(error: Any, *, model: str = "") -> ModelError:
    """The error that a runtime reports after it has begun to answer."""
    kind, message = _read_error(error)
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else _STATUS.get(kind, 500)
    return _error(status, kind, message or "it said no more", None, model)


def _error(
    status: int, kind: str, message: str, retry_after: float | None, model: str
) -> ModelError:
    said = f"{status}: {message}"
    if status in (401, 403):
        return Unauthorized(f"the key is missing or was refused; set api_key ({said})")
    if status == 404 or _STATUS.get(kind) == 404:
        return ModelMissing(_missing(message, model))
    if _NO_INFILL.search(message):
        return Rejected(
            "the model cannot fill in the middle, its vocabulary has no tokens for that: ask "
            f"without a suffix, or a code model that can ({said})"
        )
    if _TOO_LARGE.search(message):
        return TooLong(
            "a text does not fit the model that embeds: split it, or let its end be cut off "
            f"({said})"
        )
    if status in (400, 413) and (_TOO_LONG.search(kind) or _TOO_LONG.search(message)):
        return TooLong(
            f"the prompt does not fit the context window; shorten it or enlarge the window ({said})"
        )
    if status in (429, 503, 529):
        wait = "" if retry_after is None else f"; try again in {retry_after:g} s"
        return Overloaded(f"the runtime is busy or limits its callers{wait} ({said})", retry_after)
    if status >= 500 and not _NOT_ABLE.search(message):
        return Failed(f"the runtime failed while it worked ({said})")
    return Rejected(f"the runtime refused the request ({said})")


def _missing(message: str, model: str) -> str:
    name = model or "of that name"
    if "try pulling it" in message or re.match(r"model ['\"].*['\"] not found", message):
        return f"Ollama has no model {name}; get it with `ollama pull {model or 'NAME'}`"
    return (
        f"there is no model {name} at that address (404: {message}); "
        "`homeward models` lists what is there, and base_url must end where the API begins"
    )


def _read_body(body: bytes) -> tuple[str, str]:
    """Kind and message."""
    try:
        value = json.decode(body)
    except BAD_JSON:
        text = body[: 4 * LONGEST].decode(errors="replace").strip()
        if not text:
            return "", "the body is empty"
        if text.startswith("<"):
            return "", "the body is a web page, not an answer; is base_url right?"
        return "", shown(text)
    kind, message = _read_error(value)
    return kind, message or shown(json.encode(value).decode())


def _read_error(value: Any) -> tuple[str, str]:
    """From OpenAI, Anthropic, llama.cpp, vLLM, Ollama, Gemini, watsonx, IAM, Replicate, FastAPI."""
    if isinstance(value, list):
        return _read_error(value[0]) if value else ("", "")
    if isinstance(value, str):
        return "", shown(value)
    if not isinstance(value, dict):
        return "", ""
    for inner in ("error", "errors", "detail"):
        if value.get(inner):
            return _read_error(value[inner])
    kinds = [value.get(name) for name in ("code", "type", "errorCode", "title")]
    known = [kind for kind in kinds if isinstance(kind, str)]
    kind = next((kind for kind in known if kind in _STATUS), known[0] if known else "")
    texts = [value.get(name) for name in ("message", "msg", "errorMessage")]
    message = next((text for text in texts if isinstance(text, str)), "")
    return kind, shown(message or kind)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from seconds, milliseconds (OpenAI, Azure) or an HTTP date."""
    try:
        if "retry-after-ms" in headers:
            return _wait(float(headers["retry-after-ms"]) / 1000)
        value = headers["retry-after"].strip()
        if re.fullmatch(r"[\d.]+", value):
            return _wait(float(value))
        return _wait(parsedate_to_datetime(value).timestamp() - time.time())
    except (KeyError, ValueError, OverflowError):
        return None


def _wait(seconds: float) -> float | None:
    return max(0.0, round(seconds, 3)) if seconds < 1e9 else None
