"""OpenAI responses: items in, items out, typed events between.

Carried: messages, tools, images, effort, schemas, logprobs, and as raw parts every item that we do
not read: reasoning with its seal, searches, references. Not carried, because the protocol has no
field for them: stop, seed, top_k, min_p, penalties, the name of a participant, and reasoning that
did not come from this protocol. ``instructions`` are read as a first system message.
"""

from homeward.wire.openai_responses.answer import Decoder, decode_answer
from homeward.wire.openai_responses.items import DIALECT
from homeward.wire.openai_responses.request import decode_request, encode_request
from homeward.wire.openai_responses.serving import Encoder, encode_answer

__all__ = [
    "DIALECT",
    "Decoder",
    "Encoder",
    "decode_answer",
    "decode_request",
    "encode_answer",
    "encode_request",
]
