"""``/api/embed``: texts in, vectors of length 1 out; and the older ``/api/embeddings``, served."""

from typing import Any

from msgspec import Struct, json

from homeward.embedding import Embeddings, Texts
from homeward.errors import Rejected
from homeward.model import Usage
from homeward.wire.asked import EmbeddingAsked
from homeward.wire.fields import Fields, read
from homeward.wire.ollama.answer import NANOSECONDS
from homeward.wire.ollama.options import read_options
from homeward.wire.tally import count
from homeward.wire.vectors import Vectors, unit, whole

DIALECT = "ollama_embed"

# ---------------------------------------------------------------- to a runtime


def encode_request(asked: Texts, model: str) -> dict[str, Any]:
    """The body. ``truncate`` is said either way: Ollama's default is to cut in silence."""
    body = {"model": model, "input": asked.texts, "truncate": asked.truncate}
    return body if asked.dimensions is None else {**body, "dimensions": asked.dimensions}


class _Answer(Struct):
    embeddings: Vectors
    load_duration: float = 0
    prompt_eval_count: float = 0


_ANSWER = json.Decoder(_Answer)


def decode_answer(body: bytes, texts: int) -> tuple[Vectors, Usage]:
    """A vector for each of so many texts, in their order; Garbled where that is not so."""
    answer = read(_ANSWER, body)
    usage = Usage(
        "",
        "",
        input_tokens=count(answer.prompt_eval_count),
        load_seconds=max(answer.load_duration, 0) / NANOSECONDS,
    )
    return whole(answer.embeddings, texts), usage


# ---------------------------------------------------------------- from a client


def decode_request(body: bytes) -> EmbeddingAsked:
    """What is asked of ``/api/embed``; no text at all is asked to load the model."""
    fields = Fields.of(body)
    model = fields.need("model", str)
    dimensions = fields.take("dimensions", int) or None
    truncate = fields.take("truncate", bool) is not False
    read_options(fields)
    texts = _texts(fields.rest.pop("input", None))
    if dimensions is not None and dimensions < 0:
        raise Rejected("`dimensions` must be a positive number")
    return EmbeddingAsked(model, Texts(texts, dimensions, truncate), fields.rest)


def decode_older(body: bytes) -> EmbeddingAsked:
    """What is asked of ``/api/embeddings``: one prompt."""
    fields = Fields.of(body)
    model = fields.need("model", str)
    prompt = fields.take("prompt", str)
    read_options(fields)
    return EmbeddingAsked(model, Texts((prompt,) if prompt else (), truncate=True), fields.rest)


def encode_answer(made: Embeddings | None, model: str, seconds: float) -> bytes:
    """Vectors of length 1. ``seconds`` is how long it took; None was made of no texts."""
    body: dict[str, Any] = {"model": model, "embeddings": []}
    body["total_duration"] = round(seconds * NANOSECONDS)
    if made is not None:
        body["embeddings"] = [unit(vector) for vector in made.vectors]
        usage = made.usage
        if usage.load_seconds > 0:
            body["load_duration"] = round(usage.load_seconds * NANOSECONDS)
        if usage.input_tokens:
            body["prompt_eval_count"] = usage.input_tokens
    return json.encode(body)


def encode_older(made: Embeddings | None) -> bytes:
    """The vector as the model gave it."""
    return json.encode({"embedding": () if made is None else made.vectors[0]})


def _texts(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise Rejected("`input` must be a text or a list of texts")
