"""OpenAI chat completions, and what llama.cpp, vLLM and the rest of the family add to it.

Carried: everything in `Request` and in the stream's words, except a seal on reasoning. Reasoning
is read as ``reasoning_content`` or ``reasoning``. Usage is read wherever it comes, also after the
finish; llama.cpp's ``timings`` stand in for it.
"""

from homeward.wire.openai_chat.answer import Decoder, decode_answer, usage_of
from homeward.wire.openai_chat.errors import encode_error
from homeward.wire.openai_chat.request import DIALECT, decode_request, encode_request
from homeward.wire.openai_chat.serving import Encoder, encode_answer

__all__ = [
    "DIALECT",
    "Decoder",
    "Encoder",
    "decode_answer",
    "decode_request",
    "encode_answer",
    "encode_error",
    "encode_request",
    "usage_of",
]
