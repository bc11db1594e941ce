"""Errors in OpenAI's own words, which its clients and their retries go by."""

from typing import Any

from homeward.errors import (
    AllFailed,
    BadModelFile,
    Failed,
    Forbidden,
    Garbled,
    ModelError,
    ModelMissing,
    OverBudget,
    Overloaded,
    TimedOut,
    TooLong,
    Unauthorized,
    Unreachable,
)

CODES: dict[type[ModelError], str] = {
    Forbidden: "clearance_too_narrow",
    OverBudget: "insufficient_quota",
    Unreachable: "model_unreachable",
    TimedOut: "timeout",
    Overloaded: "rate_limit_exceeded",
    Garbled: "garbled_answer",
    Failed: "model_failed",
    Unauthorized: "model_unauthorized",  # the key that the model lacks, not the client's
    ModelMissing: "model_not_found",
    TooLong: "context_length_exceeded",
    BadModelFile: "bad_model_file",
}
STATUS_CODES = {
    401: "invalid_api_key",
    402: "insufficient_quota",
    403: "permission_denied",
    405: "method_not_supported",
    413: "request_too_large",
    429: "rate_limit_exceeded",
}
"""Of errors that have no class of their own."""

PARAMS: dict[type[ModelError], str] = {ModelMissing: "model", TooLong: "messages"}


def encode_error(error: ModelError) -> dict[str, Any]:
    """OpenAI's error object. ``code`` is None where OpenAI has none and the type says it all."""
    cause = error
    while isinstance(cause, AllFailed) and cause.errors:
        cause = cause.errors[-1]  # as the status does
    return {
        "message": str(error),
        "type": _type(cause),
        "param": PARAMS.get(type(cause)),
        "code": next(
            (CODES[kind] for kind in type(cause).__mro__ if kind in CODES),
            STATUS_CODES.get(cause.status),
        ),
    }


def _type(error: ModelError) -> str:
    if isinstance(error, Unauthorized) or error.status >= 500:
        return "server_error"
    if error.status == 402:
        return "insufficient_quota"
    return "rate_limit_error" if error.status == 429 else "invalid_request_error"
