"""The values in our OpenAPI document, written by hand, as JSON Schema."""

from typing import Any

CLEARANCES = ["machine", "network", "world"]
OBJECT: dict[str, Any] = {"type": "object"}
TEXT: dict[str, Any] = {"type": "string"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
FRACTION: dict[str, Any] = {"type": "number", "minimum": 0}
FLAG: dict[str, Any] = {"type": "boolean"}
DEADLINE: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0, "maximum": 86400}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def a(*needed: str, **fields: Any) -> dict[str, Any]:
    """An object with these fields, of which some are needed, and with any others."""
    return {"type": "object", "required": list(needed), "properties": fields}


def only(*needed: str, **fields: Any) -> dict[str, Any]:
    """As `a`, and with no others."""
    return {**a(*needed, **fields), "additionalProperties": False}


def many(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


MESSAGE = a(
    "role",
    "content",
    role={"enum": ["system", "user", "assistant"]},
    content={"anyOf": [TEXT, many(a("type", "text", type={"const": "text"}, text=TEXT))]},
)
WISHED = {"model": TEXT, "homeward": ref("Wishes")}
STEP = {"edge": TEXT, "kind": TEXT, "walked": {"enum": ["yes", "perhaps", "no"]}, "because": TEXT}
ENTRY = {
    "route": TEXT,
    "model": TEXT,
    "where": {"enum": CLEARANCES},
    "input_tokens": COUNT,
    "output_tokens": COUNT,
    "cost_usd": {"type": ["number", "null"]},
    "seconds": FRACTION,
}

LINE = a(
    *("model", "at", "waiting", "running", "limit", "loaded", "seconds", "line"),
    model=TEXT,
    at=TEXT,
    waiting=COUNT,
    running=COUNT,
    limit={"type": ["integer", "null"]},
    loaded={"type": ["boolean", "null"]},
    seconds=FRACTION,
    line=many(
        a(
            *("position", "waited", "seconds"),
            position=COUNT,
            waited=FRACTION,
            seconds=FRACTION,
        )
    ),
    size=COUNT,
    swap_seconds={"type": ["number", "null"]},
    seen=FLAG,
    swaps=COUNT,
)

SCHEMAS: dict[str, dict[str, Any]] = {
    "Object": OBJECT,
    "Wishes": only(clearance={"enum": CLEARANCES}, deadline=DEADLINE, explain=FLAG, keep=FLAG),
    "Dialect": {"enum": ["openai_chat", "openai_responses", "anthropic_messages", "ollama"]},
    "Name": a("model", **WISHED),
    "Chat": a("model", "messages", **WISHED, messages=many(MESSAGE), stream=FLAG),
    "Completion": a("model", "prompt", **WISHED, prompt=TEXT, suffix=TEXT, stream=FLAG),
    "Response": a(
        "model",
        "input",
        **WISHED,
        input={"anyOf": [TEXT, many(MESSAGE)]},
        stream=FLAG,
    ),
    "Texts": a("model", "input", model=TEXT, input={"anyOf": [TEXT, many(TEXT)]}),
    "Messages": a(
        "model",
        "messages",
        **WISHED,
        messages=many(MESSAGE),
        max_tokens={"type": "integer", "minimum": 1},
        stream=FLAG,
    ),
    "OllamaChat": a("model", "messages", **WISHED, messages=many(MESSAGE), stream=FLAG),
    "Tokens": a("input_tokens", input_tokens=COUNT),
    "Status": a("status", status=TEXT),
    "Models": a("data", data=many(a("id", id=TEXT))),
    "Question": {
        "anyOf": [
            a("prompt", **WISHED, prompt=TEXT),
            a("model", "messages", **WISHED, messages=many(MESSAGE), dialect=ref("Dialect")),
        ]
    },
    "Step": a(*STEP, **STEP, about=OBJECT, children=many(ref("Step"))),
    "Plan": a(
        "route",
        "clearance",
        "input_tokens",
        "plan",
        route=TEXT,
        clearance={"enum": CLEARANCES},
        input_tokens=COUNT,
        plan=ref("Step"),
    ),
    "Decision": a(
        *("by", "chose", "because"),
        by=TEXT,
        chose=TEXT,
        because=TEXT,
        numbers={"type": "object", "additionalProperties": {"type": "number"}},
    ),
    "Decided": a(
        *("id", "began", "where", "cost_usd", "decisions", "calls", "candidates"),
        id=TEXT,
        began=FRACTION,
        **ENTRY,
        decisions=many(ref("Decision")),
        calls=many(a("call", "model", call=TEXT, model=TEXT)),
        candidates=many(a("by", "label", by=TEXT, label=TEXT, kept=FLAG)),
    ),
    "Line": LINE,
    "Queue": a("object", "data", object={"const": "list"}, data=many(ref("Line"))),
    "Machine": a(
        *("object", "hardware", "vitals", "models"),
        object={"const": "machine"},
        hardware=a("cpu", "ram_total", "gpus", cpu=TEXT, ram_total=COUNT, gpus=many(OBJECT)),
        vitals={
            "anyOf": [
                {"type": "null"},
                a(
                    *("cpu", "ram_total", "ram_used", "gpus", "temperatures"),
                    cpu={"type": "number", "minimum": 0, "maximum": 1},
                    ram_total=COUNT,
                    ram_used=COUNT,
                    gpus=many(OBJECT),
                    temperatures={"type": "object", "additionalProperties": {"type": "number"}},
                ),
            ]
        },
        models=many(ref("Line")),
    ),
    "Feedback": only(
        "id",
        "rating",
        id=TEXT,
        rating={
            "anyOf": [
                {"type": "number", "minimum": -1, "maximum": 1},
                {"enum": ["up", "down"]},
            ]
        },
        comment={"type": "string", "maxLength": 4000},
    ),
    "OpenAIError": a("error", error=a("message", "type", message=TEXT, type=TEXT)),
    "AnthropicError": a(
        "type",
        "error",
        type={"const": "error"},
        error=a("type", "message", type=TEXT, message=TEXT),
    ),
    "OllamaError": a("error", error=TEXT),
}

PARAMETERS: dict[str, dict[str, Any]] = {
    "clearance": {
        "name": "x-homeward-clearance",
        "in": "header",
        "description": "How far the data may travel; never farther than the key's own clearance.",
        "schema": {"enum": CLEARANCES},
    },
    "deadline": {
        "name": "x-homeward-deadline",
        "in": "header",
        "description": "Seconds for the whole answer.",
        "schema": DEADLINE,
    },
    "explain": {
        "name": "x-homeward-explain",
        "in": "header",
        "description": "A `homeward` block in the answer: what was decided.",
        "schema": FLAG,
    },
    "keep": {
        "name": "x-homeward-keep",
        "in": "header",
        "description": "Keep the contents of this request.",
        "schema": FLAG,
    },
}

SECURITY: dict[str, dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
