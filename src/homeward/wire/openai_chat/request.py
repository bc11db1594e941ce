"""A chat completions body to a `Request`, and back."""

from typing import Any

from homeward.errors import Rejected
from homeward.model import (
    ImagePart,
    Message,
    Part,
    Raw,
    Request,
    ResponseFormat,
    Sampling,
    TextPart,
)
from homeward.wire.asked import Asked
from homeward.wire.calls import one_at_a_time, paired
from homeward.wire.fields import Fields, overlay
from homeward.wire.openai_chat.tools import (
    decode_calls,
    decode_tool_choice,
    decode_tools,
    encode_call,
    encode_tool_choice,
    encode_tools,
)
from homeward.wire.parts import is_lost, read_content, sendable, speaks
from homeward.wire.sampling import sent, taken

DIALECT = "openai_chat"
ROLES = ("system", "developer", "user", "assistant", "tool")
SETTINGS = {
    name: name
    for name in (
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "stop",
    )
}

# ---------------------------------------------------------------- to a runtime


def encode_request(
    request: Request,
    model: str,
    *,
    stream: bool = True,
    max_tokens_field: str = "max_tokens",
    reasoning_field: str | None = "reasoning_content",
    dialect: str = DIALECT,
) -> dict[str, Any]:
    """The body of ``POST /chat/completions``.

    OpenAI itself wants ``max_tokens_field="max_completion_tokens"`` and ``reasoning_field=None``:
    it refuses fields that it does not know. ``dialect`` is for protocols that are made of this one.
    """
    own = speaks(request, dialect)
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            encode_message(message, reasoning_field, own=own, dialect=dialect)
            for message in paired(request.messages)
            if not is_lost(message, dialect)
        ],
        **sent(request.sampling, {**SETTINGS, "max_tokens": max_tokens_field}),
    }
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if request.sampling.logprobs is not None:
        # llama.cpp returns none at all for 0 and twenty where it is left out; `Decoder` trims.
        body |= {"logprobs": True, "top_logprobs": max(1, request.sampling.logprobs)}
    if tools := encode_tools(request.tools, dialect):
        body["tools"] = tools
        if request.tool_choice is not None:
            body["tool_choice"] = encode_tool_choice(request.tool_choice)
        if one_at_a_time(request):
            body["parallel_tool_calls"] = False
    if request.response_format is not None:
        body["response_format"] = _encode_format(request.response_format)
    if request.effort is not None:
        body["reasoning_effort"] = request.effort
    if own:
        Fields(request.extra).one_answer()
        overlay(body, request.extra)
    if not stream:
        body.pop("stream_options", None)  # OpenAI refuses them then
    return body


def encode_message(
    message: Message, reasoning_field: str | None, *, own: bool, dialect: str
) -> dict[str, Any]:
    content = sendable(message, dialect)
    body: dict[str, Any] = {"role": message.role}
    if isinstance(content, str):
        body["content"] = content
    else:
        body["content"] = [_encode_part(part) for part in content]
    if message.tool_calls:
        body["content"] = body["content"] or None
        body["tool_calls"] = [encode_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        body["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        body["name"] = message.name
    if message.reasoning is not None and reasoning_field is not None:
        body[reasoning_field] = message.reasoning
    return overlay(body, message.extra) if own else body


def _encode_part(part: Part) -> Any:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case ImagePart():
            image = {"url": part.url}
            if part.detail is not None:
                image["detail"] = part.detail
            return {"type": "image_url", "image_url": image}
        case Raw():
            return part.value


def _encode_format(wanted: ResponseFormat) -> dict[str, Any]:
    if wanted.schema is None:
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": wanted.name, "schema": wanted.schema}
    if wanted.strict is not None:
        schema["strict"] = wanted.strict
    return {"type": "json_schema", "json_schema": schema}


# ---------------------------------------------------------------- from a client


def decode_request(body: bytes) -> Asked:
    """What a client asks of ``POST /chat/completions``; Rejected says which field is wrong."""
    fields = Fields.of(body)
    fields.one_answer()
    model = fields.need("model", str)
    stream = fields.take("stream", bool) or False
    options = fields.inner("stream_options")
    usage = options.take("include_usage", bool) or False
    fields.keep("stream_options", options.rest)
    messages = tuple(decode_message(value) for value in fields.need("messages", list))
    request = Request(
        messages=messages,
        tools=decode_tools(fields, DIALECT),
        tool_choice=decode_tool_choice(fields),
        response_format=_decode_format(fields),
        sampling=_decode_sampling(fields),
        effort=fields.take("reasoning_effort", str),
        extra=fields.rest,
        dialect=DIALECT,
    )
    return Asked(model, stream, request, usage)


def decode_message(value: Any) -> Message:
    fields = Fields(value, "messages[]")
    role = fields.need("role", str)
    if role not in ROLES:
        raise Rejected(f"{role!r} is no role of a message; say one of {', '.join(ROLES)}")
    reasoning = [fields.take(name, str) for name in ("reasoning_content", "reasoning")]
    return Message(
        role=role,  # type: ignore[arg-type]  # checked above
        content=read_content(fields, DIALECT, _decode_part),
        tool_calls=decode_calls(fields),
        tool_call_id=fields.take("tool_call_id", str),
        name=fields.take("name", str),
        reasoning=next((text for text in reasoning if text), None),
        extra=fields.rest,
    )


def _decode_part(part: Fields) -> Part | None:
    match part.rest:
        case {"type": "text", "text": str()}:
            part.take("type", str)
            return TextPart(part.need("text", str))
        case {"type": "image_url", "image_url": {"url": str()}}:
            part.take("type", str)
            image = part.inner("image_url")
            url, detail = image.need("url", str), image.take("detail", str)
            part.keep("image_url", image.rest)
            return ImagePart(url, detail)
    return None


def _decode_format(fields: Fields) -> ResponseFormat | None:
    match fields.rest.get("response_format"):
        case {"type": "text"}:
            del fields.rest["response_format"]
        case {"type": "json_object", **beside} if not beside:
            del fields.rest["response_format"]
            return ResponseFormat()
        case {"type": "json_schema", "json_schema": {"schema": dict()}}:
            wanted = fields.inner("response_format")
            wanted.take("type", str)
            schema = wanted.inner("json_schema")
            found = decode_schema(schema)
            wanted.keep("json_schema", schema.rest)
            fields.keep("response_format+", wanted.rest)
            return found
    return None


def decode_schema(fields: Fields) -> ResponseFormat:
    return ResponseFormat(
        fields.take("schema", dict[str, Any]),
        fields.take("name", str) or "answer",
        fields.take("strict", bool),
    )


def _decode_sampling(fields: Fields) -> Sampling:
    settings = taken(fields, SETTINGS)
    limits = [fields.take(name, int) for name in ("max_completion_tokens", "max_tokens")]
    wanted = fields.take("logprobs", bool) or False
    alternatives = fields.take("top_logprobs", int)
    return Sampling(
        **settings,
        max_tokens=next((limit for limit in limits if limit is not None), None),
        logprobs=(alternatives or 0) if wanted else None,
    )
