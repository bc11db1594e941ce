"""Our own OpenAPI 3.1 document: every URL, who may come to it, what it takes and how it fails.

The dialects' bodies are written down as far as they are read here; what a dialect has beside that
is passed on, and its publisher's own document describes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from homeward import __version__
from homeward.gateway.answers.shapes import ANTHROPIC, OLLAMA, OPENAI, Shape
from homeward.gateway.urls.components import PARAMETERS, SCHEMAS, SECURITY, ref
from homeward.gateway.urls.url import Url

Json: TypeAlias = dict[str, Any]

SSE, NDJSON, TEXT = "text/event-stream", "application/x-ndjson", "text/plain"
ERRORS: Mapping[Shape, str] = {
    OPENAI: "OpenAIError",
    ANTHROPIC: "AnthropicError",
    OLLAMA: "OllamaError",
}
WORDS = {
    400: "The request cannot be read.",
    401: "No key, or not a valid one.",
    402: "The key's budget is used up, and this would cost something.",
    403: "The key, the host or the web page may not; or the clearance does not reach the model.",
    404: "There is no such model, or nothing of that name.",
    413: "The body is too long.",
    429: "A limit is reached; `retry-after` says for how long.",
    500: "A model's file is broken.",
    502: "A model failed.",
    503: "Something that is needed does not answer.",
    504: "A model did not answer in time.",
}
ASKS = (400, 402, 404, 413, 429, 500, 502, 504)
"""Further ways in which a URL that asks models can fail."""


@dataclass(frozen=True)
class About:
    """``body`` and ``answer`` name components (an answer of none is any JSON object, or text).

    ``types`` are content types of the answer, ``fails`` statuses beside those of the doors.
    """

    summary: str
    body: str = ""
    answer: str = "Object"
    types: Sequence[str] = ("application/json",)
    fails: Sequence[int] = ()


STREAM, LINES = ("application/json", SSE), ("application/json", NDJSON)
ABOUT: Mapping[str, About] = {
    "GET /": About("What Ollama's clients look for.", types=(TEXT,)),
    "HEAD /": About("What Ollama's clients look for.", types=(TEXT,)),
    "GET /healthz": About("It lives.", answer="Status"),
    "GET /readyz": About(
        "It can answer: routes and store are there.", answer="Status", fails=[503]
    ),
    "GET /metrics": About("Metrics for Prometheus.", types=(TEXT,)),
    "GET /v1/models": About("The routes that the key may call.", answer="Models"),
    "GET /v1/models/{model}": About("One route.", fails=[404]),
    "POST /v1/chat/completions": About("OpenAI's chat.", "Chat", types=STREAM, fails=ASKS),
    "POST /v1/completions": About("OpenAI's completions.", "Completion", types=STREAM, fails=ASKS),
    "POST /v1/fim/completions": About(
        "A middle to fill in.", "Completion", types=STREAM, fails=ASKS
    ),
    "POST /v1/responses": About("OpenAI's responses.", "Response", types=STREAM, fails=ASKS),
    "POST /v1/embeddings": About("OpenAI's embeddings.", "Texts", fails=ASKS),
    "POST /v1/messages": About("Anthropic's messages.", "Messages", types=STREAM, fails=ASKS),
    "POST /v1/messages/count_tokens": About(
        "About how many tokens a prompt is.", "Messages", "Tokens", fails=[400, 404, 413]
    ),
    "HEAD /api/version": About("The version of Ollama's protocol."),
    "HEAD /api/tags": About("The routes, as Ollama lists models."),
    "HEAD /api/blobs/{digest}": About("Whether a blob is there.", fails=ASKS),
    "POST /api/blobs/{digest}": About("Keep a blob.", "Object", fails=ASKS),
    "GET /homeward/queue": About(
        "Who waits for which model, what is loaded, and what a swap costs.", answer="Queue"
    ),
    "GET /homeward/machine": About(
        "This machine, how it is right now, and the models that it holds.", answer="Machine"
    ),
    "GET /api/version": About("The version of Ollama's protocol."),
    "GET /api/tags": About("The routes, as Ollama lists models."),
    "GET /api/ps": About("The models that are loaded."),
    "POST /api/show": About("What a route is.", "Name", fails=ASKS),
    "POST /api/chat": About("Ollama's chat.", "OllamaChat", types=LINES, fails=ASKS),
    "POST /api/generate": About("Ollama's completions.", "Name", types=LINES, fails=ASKS),
    "POST /api/embed": About("Ollama's embeddings.", "Name", fails=ASKS),
    "POST /api/embeddings": About("Ollama's older embeddings.", "Name", fails=ASKS),
    "POST /api/pull": About("Fetch a model.", "Object", types=LINES, fails=ASKS),
    "POST /api/push": About("Publish a model.", "Object", types=LINES, fails=ASKS),
    "POST /api/create": About("Make a model.", "Object", types=LINES, fails=ASKS),
    "POST /api/copy": About("Name a model again.", "Object", fails=ASKS),
    "DELETE /api/delete": About("Remove a model.", "Object", fails=ASKS),
    "GET /homeward/decisions/{id}": About(
        "What was decided for one of the key's last requests.", answer="Decided", fails=[404]
    ),
    "POST /homeward/explain": About(
        "The plan for a question. No model is asked.",
        "Question",
        "Plan",
        types=("application/json", TEXT),
        fails=[400, 404, 413],
    ),
    "POST /homeward/feedback": About(
        "A rating of one of the key's own requests.",
        "Feedback",
        "Feedback",
        fails=[400, 404, 413, 503],
    ),
    "GET /homeward/openapi.json": About("This document."),
}
"""By method and path. A URL without a row here is missing from the document: a test says so."""


def document(urls: Sequence[Url]) -> Json:
    """The OpenAPI document of these URLs."""
    paths: dict[str, Json] = {}
    for url in urls:
        about = about_(url)
        if about is not None:
            paths.setdefault(url.path, {})[url.method.lower()] = _operation(url, about)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Homeward",
            "version": __version__,
            "description": "Many language models answer as one, and the work stays at home.",
        },
        "paths": paths,
        "components": {"schemas": SCHEMAS, "parameters": PARAMETERS, "securitySchemes": SECURITY},
    }


def about_(url: Url) -> About | None:
    """The row of a URL, or of the same under ``/v1``."""
    return ABOUT.get(f"{url.method} {url.path}") or ABOUT.get(f"{url.method} /v1{url.path}")


def _operation(url: Url, about: About) -> Json:
    asks = about.fails is ASKS
    names = [url.path.partition("{")[2].rstrip("}")] if "{" in url.path else []
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in names
    ]
    wishes = PARAMETERS if asks else {}
    parameters += [{"$ref": f"#/components/parameters/{name}"} for name in wishes]
    if url.path == "/homeward/explain":
        parameters.append({"name": "dialect", "in": "query", "schema": ref("Dialect")})
    operation: Json = {
        "operationId": f"{url.method.lower()}{url.path.translate(PLAIN)}",
        "summary": about.summary,
        "security": [] if url.access == "open" else [{name: []} for name in SECURITY],
        "responses": _responses(url, about),
        "x-homeward-access": url.access,
    }
    if parameters:
        operation["parameters"] = parameters
    if about.body:
        content = {"application/json": {"schema": ref(about.body)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


PLAIN = str.maketrans({"/": "_", ".": "_", "{": None, "}": None})


def _responses(url: Url, about: About) -> Json:
    answers = {
        kind: {"schema": ref(about.answer)} if kind == "application/json" else {}
        for kind in about.types
    }
    doors = {400, 403} if url.access == "open" else {400, 401, 403}
    error = {"application/json": {"schema": ref(ERRORS[url.shape])}}
    if url.path.startswith("/v1/") and url.shape is OPENAI:  # Anthropic's clients get their own
        either = {"anyOf": [ref("OpenAIError"), ref("AnthropicError")]}
        error = {"application/json": {"schema": either}}
    return {
        "200": {"description": "The answer.", "content": answers},
        **{
            str(status): {"description": WORDS[status], "content": error}
            for status in sorted(doors | set(about.fails))
        },
    }
