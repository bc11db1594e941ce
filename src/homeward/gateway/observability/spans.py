"""OpenTelemetry's picture of a request: a span for it, and one within for each call of a model.

The form is OTLP's JSON. The attributes are those of the semantic conventions `SCHEMA`; GenAI's are
still being renamed, so all names stand in the two tables here. What has no standard name
begins with ``homeward.``. No contents are in a span, and no reasons of decisions, which may quote
them.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import getrandbits
from typing import Any, NamedTuple, TypeAlias

from homeward.gateway.routes import called
from homeward.model import Call, Event, Model, Usage
from homeward.store.records import Entry
from homeward.tree import leaves

SCHEMA = "https://opentelemetry.io/schemas/1.44.0"

Value: TypeAlias = str | bool | int | float | None

REQUEST: Mapping[str, Callable[[Entry], Value]] = {
    "http.request.method": lambda entry: "POST",
    "http.response.status_code": lambda entry: entry.status,
    "error.type": lambda entry: entry.error or None,
    "homeward.id": lambda entry: entry.id,
    "homeward.key": lambda entry: entry.key or None,
    "homeward.tenant": lambda entry: entry.tenant or None,
    "homeward.route": lambda entry: entry.route,
    "homeward.dialect": lambda entry: entry.dialect,
    "homeward.model": lambda entry: entry.model or None,
    "homeward.where": lambda entry: entry.where.name.lower(),
    "homeward.outcome": lambda entry: entry.outcome,
    "homeward.cost_usd": lambda entry: entry.cost_usd,
    "homeward.queue_seconds": lambda entry: entry.queued_seconds or None,
    "homeward.fallbacks": lambda entry: entry.fallbacks,
    "homeward.cache_hit": lambda entry: entry.cache_hit,
}
"""Of the request's span. Tokens are told by the calls: told twice they would be added up."""

CALL: Mapping[str, Callable[[Usage], Value]] = {
    "gen_ai.request.model": lambda usage: usage.model,
    "gen_ai.usage.input_tokens": lambda usage: usage.input_tokens,
    "gen_ai.usage.output_tokens": lambda usage: usage.output_tokens,
    "gen_ai.usage.cache_read.input_tokens": lambda usage: usage.cached_tokens or None,
    "gen_ai.usage.reasoning.output_tokens": lambda usage: usage.reasoning_tokens or None,
    "gen_ai.response.time_to_first_chunk": lambda usage: usage.first_seconds,
    "error.type": lambda usage: "_OTHER" if usage.outcome == "failed" else None,
    "homeward.where": lambda usage: usage.where.name.lower(),
    "homeward.outcome": lambda usage: usage.outcome,
    "homeward.cost_usd": lambda usage: usage.cost_usd,
    "homeward.load_seconds": lambda usage: usage.load_seconds or None,
    "homeward.estimated": lambda usage: usage.estimated,
}
"""Of a call's span."""

PROVIDER = ("gen_ai.provider.name", "gen_ai.system")  # the second until 1.36, and still read
PROVIDERS = {
    "azure": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""The conventions' names for what has another name here."""

SERVER, CLIENT = 2, 3  # kinds of spans
FAILED = 2  # the status of a span
TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Parent(NamedTuple):
    """Where a trace comes from (https://www.w3.org/TR/trace-context/)."""

    trace: str
    span: str
    sampled: bool


def parent_of(header: bytes | None) -> Parent | None:
    """What a ``traceparent`` header says; None for one that is none."""
    found = TRACEPARENT.fullmatch(header.decode("latin-1").strip()) if header else None
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    if not int(found[2], 16) or not int(found[3], 16):
        return None
    return Parent(found[2], found[3], bool(int(found[4], 16) & 1))


def providers_of(models: Iterable[Model]) -> dict[str, str]:
    """Who runs each model, by its name in bills."""
    found = {}
    for model in models:
        for leaf in leaves(model):
            name = getattr(leaf, "at", None) or type(leaf).__name__.lower()
            if (model_name := called(leaf)) is not None:
                found[model_name] = PROVIDERS.get(name, name)
    return found


def spans(
    entry: Entry, notes: Sequence[Event], parent: Parent | None, providers: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The request's span, and one for each of its calls."""
    trace = parent.trace if parent else f"{getrandbits(128) or 1:032x}"
    operation = operation_of(entry.dialect)
    ended = entry.began + entry.seconds
    whole = {
        **_span(trace, f"{operation} {entry.route}", SERVER, entry.began, ended),
        "parentSpanId": parent.span if parent else "",
        "attributes": _attributes({name: of(entry) for name, of in REQUEST.items()}),
    }
    if entry.outcome == "failed":
        whole["status"] = {"code": FAILED}
    made = [whole]
    for usage, (begins, ends) in timed(entry, notes):
        provider = providers.get(usage.model, "homeward")
        values: dict[str, Value] = {"gen_ai.operation.name": operation}
        values |= dict.fromkeys(PROVIDER, provider)
        values |= {name: of(usage) for name, of in CALL.items()}
        span = {
            **_span(trace, f"{operation} {usage.model}", CLIENT, begins, ends),
            "parentSpanId": whole["spanId"],
            "attributes": _attributes(values),
        }
        if usage.outcome == "failed":
            span["status"] = {"code": FAILED}
        made.append(span)
    return made


def timed(entry: Entry, notes: Sequence[Event]) -> list[tuple[Usage, tuple[float, float]]]:
    """Each call with its beginning and its end.

    A bill says how long a call took and not when it began. That is told by the order of the notes:
    it began no sooner than the calls ended that were over before it.
    """
    latest = entry.began + entry.queued_seconds
    over = entry.began + entry.seconds
    begun: dict[str, float] = {}
    found = []
    for note in notes:
        if isinstance(note, Call):
            begun[note.id] = latest
        elif isinstance(note, Usage):
            begins = begun.get(note.call, latest)
            is_cut = note.outcome == "cancelled" and not note.seconds
            ends = over if is_cut else min(over, begins + note.seconds)
            latest = max(latest, ends)
            found.append((note, (begins, ends)))
    return found


def operation_of(dialect: str) -> str:
    """``gen_ai.operation.name`` of what was asked."""
    if "embed" in dialect:
        return "embeddings"
    return "text_completion" if "complet" in dialect else "chat"


def batch(version: str, made: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """An ExportTraceServiceRequest."""
    return {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": _attributes(
                        {"service.name": "homeward", "service.version": version}
                    )
                },
                "scopeSpans": [
                    {
                        "scope": {"name": "homeward", "version": version},
                        "spans": list(made),
                        "schemaUrl": SCHEMA,
                    }
                ],
                "schemaUrl": SCHEMA,
            }
        ]
    }


def _span(trace: str, name: str, kind: int, begins: float, ends: float) -> dict[str, Any]:
    """Times in OTLP are nanoseconds since 1970, and 64-bit integers are texts in its JSON."""
    return {
        "traceId": trace,
        "spanId": f"{getrandbits(64) or 1:016x}",
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(round(begins * 1e9)),
        "endTimeUnixNano": str(round(max(begins, ends) * 1e9)),
    }


def _attributes(values: Mapping[str, Value]) -> list[dict[str, Any]]:
    """What is None is left out."""
    return [{"key": name, "value": _value(v)} for name, v in values.items() if v is not None]


def _value(value: Value) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": value}
