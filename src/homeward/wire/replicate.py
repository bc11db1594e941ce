"""Replicate predictions: an input in, a text out, by polling or by server-sent events.

Every model has an input schema of its own; these are the fields that its language models share.
Not carried, because there are none for it: tools (Rejected), formats, logprobs, reasoning. A
conversation goes in one prompt, turns under the names of their speakers. Streams.
"""

from typing import Any

from msgspec import Struct, json

from homeward.errors import Failed, Garbled, ModelError, Rejected
from homeward.model import Event, Finish, ImagePart, Message, Request, Text, Usage
from homeward.wire.fields import overlay, read, shown
from homeward.wire.parts import speaks
from homeward.wire.sampling import sent
from homeward.wire.tally import count

DIALECT = "replicate"
SETTINGS = {
    name: name
    for name in (
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "max_tokens",
        "seed",
        "presence_penalty",
        "frequency_penalty",
    )
}
ENDED = ("succeeded", "failed", "canceled", "aborted")


def encode_request(request: Request, model: str, *, stream: bool = True) -> dict[str, Any]:
    """The body of ``POST /models/OWNER/NAME/predictions``.

    A ``model`` of the form ``owner/name:version`` is for ``POST /predictions``, and its version is
    in the body then.
    """
    if request.tools or any(message.tool_calls for message in request.messages):
        raise Rejected("Replicate's models take no tools; leave them out or ask another model")
    system = [m.text for m in request.messages if m.role in ("system", "developer")]
    turns = [m for m in request.messages if m.role not in ("system", "developer")]
    given: dict[str, Any] = {"prompt": _prompt(turns), **sent(request.sampling, SETTINGS)}
    if system:
        given["system_prompt"] = "\n\n".join(system)
    if request.sampling.stop:
        given["stop_sequences"] = ",".join(request.sampling.stop)
    if image := _image(turns):
        given["image"] = image
    body: dict[str, Any] = {"input": given}
    if stream:
        body["stream"] = True
    if ":" in model:
        body["version"] = model.partition(":")[2]
    return overlay(body, request.extra) if speaks(request, DIALECT) else body


def _prompt(turns: list[Message]) -> str:
    if len(turns) == 1:
        return turns[0].text
    said = [f"{turn.role.capitalize()}: {turn.text}" for turn in turns]
    return "\n\n".join([*said, "Assistant:"])


def _image(turns: list[Message]) -> str | None:
    images = [
        part.url
        for turn in turns
        for part in (turn.content if isinstance(turn.content, tuple) else ())
        if isinstance(part, ImagePart)
    ]
    if len(images) > 1:
        raise Rejected("Replicate's models look at one image; send only one or ask another model")
    return images[0] if images else None


class Urls(Struct):
    get: str = ""
    cancel: str = ""
    stream: str | None = None


class Metrics(Struct):
    input_token_count: float | None = None
    output_token_count: float | None = None


class Prediction(Struct):
    """What is known of a piece of work. ``output`` is a text or a list of pieces of one.

    ``status`` goes from starting and processing to succeeded, failed, canceled or aborted.
    """

    status: str
    id: str = ""
    model: str = ""
    output: Any = None
    error: Any = None
    urls: Urls | None = None
    metrics: Metrics | None = None

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def usage(self) -> Usage | None:
        """The tokens, where the model counts them."""
        if self.metrics is None or self.metrics.output_token_count is None:
            return None
        return Usage(
            "",
            self.model,
            input_tokens=count(self.metrics.input_token_count),
            output_tokens=count(self.metrics.output_token_count),
        )


_PREDICTION = json.Decoder(Prediction)


def decode_prediction(body: bytes) -> Prediction:
    """The answer to creating a prediction, and to asking how it is getting on."""
    return read(_PREDICTION, body)


def decode_answer(body: bytes) -> list[Event]:
    """The events of a prediction that has ended."""
    prediction = decode_prediction(body)
    if prediction.status != "succeeded":
        if not prediction.ended:
            raise Garbled(f"the prediction is still {prediction.status}; ask again later")
        raise _broken(prediction.status, prediction.error)
    pieces = prediction.output if isinstance(prediction.output, list) else [prediction.output]
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    events: list[Event] = [Text(text)] if text else []
    if prediction.usage is not None:
        events.append(prediction.usage)
    return [*events, Finish()]


class Decoder:
    """Events from a stream's frames. Unlike the other dialects it needs the frames' names.

    The stream does not tell the tokens: `Prediction.usage`, asked for afterwards, does.
    """

    def __init__(self) -> None:
        self.done = False

    def feed(self, data: bytes, event: str = "output") -> list[Event]:
        """The events in one frame named ``event``: output, error or done."""
        if event == "output":
            text = data.decode(errors="replace")
            return [Text(text)] if text else []
        if event == "error":
            raise _broken("error", data.decode(errors="replace"))
        if event != "done" or self.done:
            return []
        reason = _reason(data)
        if reason:
            raise _broken(reason, None)
        self.done = True
        return [Finish()]

    def end(self) -> list[Event]:
        """The end of the bytes; Garbled when the answer was not at its end."""
        if not self.done:
            raise Garbled("the answer stopped in the middle: no `done` event came")
        return []


class _Done(Struct):
    reason: str | None = None


_DONE = json.Decoder(_Done)


def _reason(data: bytes) -> str | None:
    """Why a stream is done: nothing when it went well."""
    return read(_DONE, data).reason if data.strip() else None


def _broken(status: str, error: Any) -> ModelError:
    said = f": {shown(str(error))}" if error else ""
    return Failed(f"Replicate ended the prediction with {status[:80]!r}{said}")
