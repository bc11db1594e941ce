"""A body of ``/api/chat`` to a `Request`, and back."""

from typing import Any

from homeward.errors import Rejected
from homeward.model import (
    ImagePart,
    Message,
    Raw,
    Request,
    ResponseFormat,
    Sampling,
    TextPart,
    Tool,
    ToolNamed,
)
from homeward.wire.asked import Asked
from homeward.wire.calls import arguments_object, paired, tool_names
from homeward.wire.fields import Fields, overlay
from homeward.wire.ollama.options import read_logprobs, read_options
from homeward.wire.openai_chat.request import SETTINGS as SAME
from homeward.wire.openai_chat.tools import decode_calls, decode_tools, encode_tools
from homeward.wire.parts import Content, data_uri, is_lost, sendable, speaks, split_data_uri
from homeward.wire.sampling import sent, taken

DIALECT = "ollama"
ROLES = ("system", "user", "assistant", "tool")
SETTINGS = {**SAME, "max_tokens": "num_predict"}  # under ``options``
EFFORTS = {"minimal": "low", "xhigh": "max", "ultra": "max"}

# ---------------------------------------------------------------- to a runtime


def encode_request(request: Request, model: str, *, stream: bool = True) -> dict[str, Any]:
    """The body of ``POST /api/chat``.

    Rejected where a call's arguments are no object, or an image is not a ``data:`` URI.
    """
    own = speaks(request, DIALECT)
    names = tool_names(request.messages)
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            _encode_message(message, names, own=own)
            for message in request.messages
            if not is_lost(message, DIALECT)
        ],
        "stream": stream,  # said either way: the default is to stream
        **encode_sampling(request.sampling),
    }
    if tools := encode_tools(_callable(request), DIALECT):
        body["tools"] = tools
    if request.response_format is not None:
        schema = request.response_format.schema
        body["format"] = "json" if schema is None else schema
    if request.effort is not None:
        effort = EFFORTS.get(request.effort, request.effort)
        body["think"] = False if effort == "none" else effort
    return overlay(body, request.extra) if own else body


def encode_sampling(sampling: Sampling) -> dict[str, Any]:
    """``options`` and the like: the fields that say how to sample."""
    body: dict[str, Any] = {}
    if options := sent(sampling, SETTINGS):
        body["options"] = options
    if sampling.logprobs is not None:
        body["logprobs"] = True
        if sampling.logprobs:
            body["top_logprobs"] = sampling.logprobs
    return body


def _callable(request: Request) -> tuple[Tool | Raw, ...]:
    """The tools that the request's choice leaves."""
    choice = request.tool_choice
    if choice == "none":
        return ()
    if isinstance(choice, ToolNamed):
        return tuple(t for t in request.tools if isinstance(t, Tool) and t.name == choice.name)
    return request.tools


def _encode_message(message: Message, names: dict[str, str], *, own: bool) -> dict[str, Any]:
    content = sendable(message, DIALECT)
    body: dict[str, Any] = {
        "role": "system" if message.role == "developer" else message.role,
        "content": message.text,
    }
    if images := _encode_images(content):
        body["images"] = images
    if message.reasoning is not None:
        body["thinking"] = message.reasoning
    if message.tool_calls:
        body["tool_calls"] = [
            {
                **({"id": call.id} if call.id else {}),
                "function": {
                    "index": place,
                    "name": call.name,
                    "arguments": arguments_object(call),
                },
            }
            for place, call in enumerate(message.tool_calls)
        ]
    if message.role == "tool":
        if name := message.name or names.get(message.tool_call_id or ""):
            body["tool_name"] = name
        if message.tool_call_id is not None:
            body["tool_call_id"] = message.tool_call_id
    return overlay(body, message.extra) if own else body


def _encode_images(content: Content) -> list[str]:
    images: list[str] = []
    for part in content if isinstance(content, tuple) else ():
        if isinstance(part, ImagePart):
            data = split_data_uri(part.url)
            if data is None:
                raise Rejected(
                    "Ollama fetches no images; send this one as a `data:image/...;base64,` URI: "
                    + part.url[:80]
                )
            images.append(data[1])
    return images


# ---------------------------------------------------------------- from a client


def decode_request(body: bytes) -> Asked:
    """What a client asks of ``POST /api/chat``; Rejected says which field is wrong.

    Calls and answers without ids are given some, so that every other dialect can carry them.
    """
    fields = Fields.of(body)
    model = fields.need("model", str)
    stream = fields.take("stream", bool)
    messages = tuple(_decode_message(value) for value in fields.take("messages", list) or [])
    request = Request(
        messages=paired(messages),
        tools=decode_tools(fields, DIALECT),
        response_format=decode_format(fields),
        sampling=decode_sampling(fields),
        effort=decode_think(fields),
        extra=fields.rest,
        dialect=DIALECT,
    )
    return Asked(model, stream is not False, request)


def decode_sampling(fields: Fields) -> Sampling:
    """What `encode_sampling` writes."""
    options = read_options(fields)
    settings = taken(options, SETTINGS)
    fields.keep("options", options.rest)
    return Sampling(**settings, logprobs=read_logprobs(fields))


def _decode_message(value: Any) -> Message:
    fields = Fields(value, "messages[]")
    role = fields.need("role", str)
    if role not in ROLES:
        raise Rejected(f"{role!r} is no role of a message; say one of {', '.join(ROLES)}")
    text = fields.take("content", str) or ""
    images = fields.take("images", list[str]) or []
    pictures = tuple(ImagePart(data_uri(image)) for image in images)
    words = (TextPart(text),) if text else ()
    return Message(
        role=role,  # type: ignore[arg-type]  # checked above
        content=(*words, *pictures) if pictures else text,
        tool_calls=decode_calls(fields),
        tool_call_id=fields.take("tool_call_id", str),
        name=fields.take("tool_name", str),
        reasoning=fields.take("thinking", str),
        extra=fields.rest,
    )


def decode_format(fields: Fields) -> ResponseFormat | None:
    match fields.rest.pop("format", None):
        case "" | None:
            return None
        case "json":
            return ResponseFormat()
        case dict(schema):
            return ResponseFormat(schema)
    raise Rejected('`format` must be "json" or a JSON schema')


def decode_think(fields: Fields) -> str | None:
    """``think``; a bare true names no effort and is sent on unread."""
    match fields.rest.get("think"):
        case True:
            return None
        case False:
            effort: str | None = "none"
        case None:
            effort = None
        case str(effort) if effort:
            pass
        case _:
            raise Rejected("`think` must be true, false, or how much: low, medium, high, max")
    fields.rest.pop("think", None)
    return effort
