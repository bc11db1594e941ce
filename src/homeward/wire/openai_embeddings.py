"""OpenAI's ``POST /embeddings``: texts in, vectors out. Texts of token numbers are not served."""

import base64
import struct
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, json

from homeward.embedding import Embeddings, Texts
from homeward.errors import Rejected
from homeward.model import Usage
from homeward.wire.asked import EmbeddingAsked
from homeward.wire.fields import Fields, read
from homeward.wire.tally import count
from homeward.wire.vectors import Vectors, whole

DIALECT = "openai_embeddings"
MOST = 2048  # texts, as OpenAI's own


# ---------------------------------------------------------------- to a runtime


def encode_request(asked: Texts, model: str) -> dict[str, Any]:
    """The body. The protocol has no word for ``truncate``: what is too long is refused."""
    body = {"model": model, "input": asked.texts, "encoding_format": "float"}
    return body if asked.dimensions is None else {**body, "dimensions": asked.dimensions}


class _One(Struct):
    embedding: tuple[float, ...]
    index: int | None = None


class _Usage(Struct):
    prompt_tokens: float | None = None


class _Answer(Struct):
    data: list[_One]
    usage: _Usage | None = None


_ANSWER = json.Decoder(_Answer)


def decode_answer(body: bytes, texts: int) -> tuple[Vectors, Usage | None]:
    """A vector for each of so many texts, in their order; Garbled where that is not so."""
    answer = read(_ANSWER, body)
    placed = {
        place if one.index is None else one.index: one.embedding
        for place, one in enumerate(answer.data)
    }
    vectors = whole(tuple(placed[place] for place in sorted(placed)), texts)
    tokens = answer.usage.prompt_tokens if answer.usage is not None else None
    return vectors, None if tokens is None else Usage("", "", input_tokens=count(tokens))


# ---------------------------------------------------------------- from a client


def decode_request(body: bytes) -> EmbeddingAsked:
    """What a client asks; Rejected says which field is wrong."""
    fields = Fields.of(body)
    form = fields.take("encoding_format", str) or "float"
    if form not in ("float", "base64"):
        raise Rejected(f"`encoding_format` is {form!r}: say float or base64")
    dimensions = fields.take("dimensions", int)
    if dimensions is not None and dimensions < 1:
        raise Rejected(f"`dimensions` is {dimensions}: say at least 1")
    texts = Texts(_texts(fields.rest.pop("input", None)), dimensions)
    return EmbeddingAsked(fields.need("model", str), texts, fields.rest, form == "base64")


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not value:
        raise Rejected("`input` must be a text, or a list of texts")
    if len(value) > MOST:
        raise Rejected(f"`input` has {len(value)} texts: send at most {MOST} in a request")
    if not all(isinstance(one, str) for one in value):
        raise Rejected(
            "`input` must be texts: token numbers mean another text to every model "
            "(LangChain sends texts with check_embedding_ctx_length=False)"
        )
    return tuple(value)


def encode_answer(made: Embeddings, model: str, *, packed: bool) -> bytes:
    """The body of the answer."""
    data = [
        {"object": "embedding", "index": place, "embedding": pack(vector) if packed else vector}
        for place, vector in enumerate(made.vectors)
    ]
    tokens = made.usage.input_tokens
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json.encode({"object": "list", "data": data, "model": model, "usage": usage})


def pack(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
