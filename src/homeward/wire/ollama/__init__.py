"""Ollama's native chat: one JSON object per line.

Carried: messages, tools, images that are ``data:`` URIs, every sampling setting, effort, formats,
logprobs, how long loading took. Not carried, because the protocol has no field for them: names of
participants, a schema's name, image detail. Ollama cannot be told which tool to call, so
``tool_choice`` is kept as far as leaving tools out can keep it.
"""

from homeward.wire.ollama.answer import Decoder, decode_answer
from homeward.wire.ollama.request import DIALECT, decode_request, encode_request
from homeward.wire.ollama.serving import Encoder, encode_answer

__all__ = [
    "DIALECT",
    "Decoder",
    "Encoder",
    "decode_answer",
    "decode_request",
    "encode_answer",
    "encode_request",
]
