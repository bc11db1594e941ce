"""IBM watsonx.ai chat: OpenAI's protocol with other names for a few fields.

Streaming is another address there (``/ml/v1/text/chat_stream``), not a field. Not carried, because
the service has no field for them: top_k, min_p, ``strict`` and ``additionalProperties`` of tools.
The answer's protocol is OpenAI's, so the decoder is too.
"""

from typing import Any

from homeward.model import Request
from homeward.wire import openai_chat
from homeward.wire.openai_chat import Decoder, decode_answer

DIALECT = "watsonx"
UNKNOWN_THERE = ("stream", "stream_options", "top_k", "min_p")
UNKNOWN_IN_TOOLS = ("strict", "additionalProperties")

__all__ = ["DIALECT", "Decoder", "decode_answer", "encode_request"]


def encode_request(
    request: Request,
    model: str,
    *,
    stream: bool = True,
    project_id: str | None = None,
    space_id: str | None = None,
) -> dict[str, Any]:
    """The body of ``POST /ml/v1/text/chat`` or, with ``stream``, of ``/ml/v1/text/chat_stream``.

    An empty ``model`` is for a deployment, whose address names the model.
    """
    body = openai_chat.encode_request(
        request, model, stream=stream, reasoning_field=None, dialect=DIALECT
    )
    for name in ("model", *UNKNOWN_THERE):
        body.pop(name, None)
    if isinstance(body.get("tool_choice"), str):
        body["tool_choice_option"] = body.pop("tool_choice")
    if "tools" in body:
        body["tools"] = [_plain(tool) for tool in body["tools"]]
    for message in body["messages"]:
        if message["role"] == "developer":
            message["role"] = "system"
    given = {"model_id": model, "project_id": project_id, "space_id": space_id}
    return body | {name: value for name, value in given.items() if value}


def _plain(schema: Any, *, names: bool = False) -> Any:
    """A tool without the words that the service refuses.

    ``names``: the keys here are the caller's own (under ``properties``), not JSON Schema's.
    """
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _plain(value, names=key == "properties" and not names)
        for key, value in schema.items()
        if names or key not in UNKNOWN_IN_TOOLS
    }
