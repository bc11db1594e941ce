"""Anthropic messages: content blocks in, content blocks out.

Carried: messages, tools, images, schemas, effort, and as raw parts every block that we do not read:
thinking with its seal, documents, searches. Not carried, because the protocol has no field for
them: seed, min_p, penalties, logprobs, JSON without a schema, names, and thinking without a seal.
``max_tokens`` is mandatory there: `DEFAULT_MAX_TOKENS` where nobody says it.
"""

from homeward.wire.anthropic_messages.answer import Decoder, decode_answer
from homeward.wire.anthropic_messages.blocks import DIALECT
from homeward.wire.anthropic_messages.request import (
    DEFAULT_MAX_TOKENS,
    decode_request,
    encode_request,
)
from homeward.wire.anthropic_messages.serving import Encoder, encode_answer, encode_error

__all__ = [
    "DEFAULT_MAX_TOKENS",
    "DIALECT",
    "Decoder",
    "Encoder",
    "decode_answer",
    "decode_request",
    "encode_answer",
    "encode_error",
    "encode_request",
]
