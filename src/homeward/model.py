"""A model turns a request into a stream of events. Everything else here is a model too.

This is the file to read first. `Model` is the whole architecture: a runtime is a model, and a
strategy is a model made of models. `Request` is what travels down the tree, `Event` what comes
back up: words (`Text`, `Reasoning`, `ToolCall`), one `Finish`, and notes about the answer.
"""

import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from enum import IntEnum
from typing import Annotated, Any, Literal, Protocol, Self, TypeAlias

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

# ---------------------------------------------------------------- what is asked


class Clearance(IntEnum):
    """How far a request's data may travel. A wider clearance includes the narrower ones."""

    MACHINE = 0
    NETWORK = 1
    WORLD = 2

    @classmethod
    def parse(cls, text: "str | Clearance") -> "Clearance":
        """From the word used in files and on the command line; ValueError names the words."""
        if isinstance(text, Clearance):
            return text
        try:
            return cls[text.strip().upper()]
        except KeyError:
            words = ", ".join(level.name.lower() for level in cls)
            raise ValueError(f"{text!r} is no clearance; say one of {words}") from None


class TextPart(Struct, frozen=True, tag="text"):
    text: str


class ImagePart(Struct, frozen=True, tag="image"):
    """``url`` is a ``data:`` URI or an address; ``detail`` is OpenAI's hint, sent on unread."""

    url: str
    detail: str | None = None


class Raw(Struct, frozen=True, tag="raw"):
    """What we do not read (a content part, a tool), kept as it came.

    It is sent on in its own ``dialect`` only: another would not understand it.
    """

    dialect: str
    value: Any


Part: TypeAlias = TextPart | ImagePart | Raw


class ToolCall(Struct, frozen=True, tag="tool_call"):
    """A call of a tool, or one further piece of it.

    In a stream, pieces with the same ``index`` belong together: the first has ``id`` and
    ``name``, later ones only more ``arguments``. In a `Message` and in an `Answer` it is whole,
    and ``arguments`` is a JSON text. ``signature`` is a provider's seal on the thought behind
    it, to be sent back with the next turn (Gemini refuses a history without it).
    """

    index: int = 0
    id: str = ""
    name: str = ""
    arguments: str = ""
    signature: str = ""


class Message(Struct, frozen=True):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | tuple[Part, ...] = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None  # on a tool's answer: which call it answers
    name: str | None = None  # of the participant, or of the tool that answers
    reasoning: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def text(self) -> str:
        """The words alone, without images and what we do not read."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, TextPart))


class Tool(Struct, frozen=True, tag="tool"):
    """``parameters`` is a JSON Schema."""

    name: str
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None


class ToolNamed(Struct, frozen=True, tag="named"):
    """The model must call this tool."""

    name: str


class ResponseFormat(Struct, frozen=True):
    """``schema`` is None for JSON of any shape (OpenAI's ``json_object``)."""

    schema: Mapping[str, Any] | None = None
    name: str = "answer"
    strict: bool | None = None


class Sampling(Struct, frozen=True, omit_defaults=True):
    """How to draw tokens. None leaves the choice to the runtime."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logprobs: int | None = None
    """Alternatives wanted per token: 0 for the chosen token's alone, None for no logprobs."""


class Request(Struct, frozen=True, omit_defaults=True):
    """One question, and what must follow it into every call that is made on its behalf.

    ``extra`` holds the fields that we do not read; a backend that speaks ``dialect`` sends them
    on unharmed (an empty ``dialect`` means any backend). Derive a judge's or a verifier's
    request with `derive`, so that it cannot shed what it must carry.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool | Raw, ...] = ()
    tool_choice: Literal["auto", "none", "required"] | ToolNamed | None = None
    response_format: ResponseFormat | None = None
    sampling: Sampling = Sampling()
    effort: str | None = None  # of reasoning: none, minimal, low, medium, high ...
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dialect: str = ""
    stream: bool = True
    """Whether anybody reads the answer as it comes. Where not, a leaf may get it in one piece."""

    clearance: Clearance = Clearance.MACHINE
    tenant: str = ""
    deadline: float | None = None  # on time.monotonic()'s clock
    budget_usd: float | None = None
    trace: str = ""

    @classmethod
    def of(cls, prompt: str, /, **fields: Any) -> Self:
        """A request of one user message."""
        return cls((Message("user", prompt),), **fields)

    def derive(self, *messages: Message, **fields: Any) -> "Request":
        """Another question asked for this one's sake.

        It carries clearance, tenant, deadline, budget and trace, and none of the rest: a judge
        must not inherit the caller's tools or answer format.
        """
        carried = {name: getattr(self, name) for name in CARRIED}
        return Request(messages, **{**carried, **fields})

    def with_(self, **fields: Any) -> "Request":
        """The same question with some fields changed."""
        return replace(self, **fields)

    def sampled(self, **fields: Any) -> "Request":
        """The same question with some sampling settings changed."""
        return replace(self, sampling=replace(self.sampling, **fields))

    @property
    def prompt(self) -> str:
        """The words of the last user message; empty when there is none."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")


CHARACTERS_PER_TOKEN = 4
"""Of English text in common vocabularies: for estimates, until a runtime has counted."""


def estimated_tokens(request: Request) -> int:
    """About how many tokens a prompt is, its tool calls and tools included, images not."""
    letters = sum(
        len(message.text)
        + len(message.reasoning or "")
        + sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
        for message in request.messages
    )
    if request.tools:
        letters += len(msgspec.json.encode(request.tools))
    return letters // CHARACTERS_PER_TOKEN + 4 * len(request.messages)


CARRIED = ("clearance", "tenant", "deadline", "budget_usd", "trace")

# ---------------------------------------------------------------- what comes back


class Logprob(Struct, frozen=True):
    """Natural logarithm of a token's probability; ``top`` are the alternatives, best first."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


class Text(Struct, frozen=True, tag="text"):
    text: str
    logprobs: tuple[Logprob, ...] = ()


class Reasoning(Struct, frozen=True, tag="reasoning"):
    """What the model thinks before it answers. Never shown to judges.

    ``signature`` is a provider's seal on it, to be sent back with the next turn.
    """

    text: str
    signature: str = ""


class Finish(Struct, frozen=True, tag="finish"):
    """The end of an answer; exactly one, last. ``model`` is whose voice was heard.

    It is empty where no single model's words were kept (concatenation).
    """

    reason: Literal["stop", "length", "tool_calls", "content_filter"] = "stop"
    model: str = ""


class Note(Struct, frozen=True):
    """Something about the answer rather than part of it. A strategy always passes notes on."""


class Decision(Note, frozen=True, tag="decision"):
    """Who chose what, why, and with which numbers.

    The number ``degraded`` marks an answer that is less than the tree is there to give.
    """

    by: str
    chose: str
    because: str
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])


class Call(Note, frozen=True, tag="call"):
    """A leaf begins to work. Its `Usage`, with the same ``id``, follows however it ends.

    ``usd`` is what the input costs and what each token of the answer does; None: not known.
    ``began`` is on time.monotonic()'s clock.
    """

    id: str
    model: str
    where: Clearance = Clearance.MACHINE
    input_tokens: int = 0  # estimated
    usd: tuple[float, float] | None = None
    began: float | None = None


class Usage(Note, frozen=True, tag="usage"):
    """What one call took. ``seconds`` are wall-clock, from the question to the last event."""

    call: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0  # of the input
    reasoning_tokens: int = 0  # of the output
    seconds: float = 0.0
    first_seconds: float | None = None  # until the first event that is not a note
    load_seconds: float = 0.0  # of the whole, spent loading the model
    cost_usd: float | None = None  # None: not known
    where: Clearance = Clearance.MACHINE
    outcome: Literal["finished", "failed", "cancelled"] = "finished"
    estimated: bool = False


class Candidate(Note, frozen=True, tag="candidate"):
    """One model's whole answer, before a strategy chose among several or merged them."""

    by: str
    label: str
    text: str
    extracted: str | None = None  # the typed answer in it, where there is a type
    kept: bool = False
    error: str | None = None  # instead of a text


class Edit(Note, frozen=True, tag="edit"):
    """Provisional streaming: the words said since ``start`` (characters) become ``text``."""

    start: int
    text: str


class Assigned(Note, frozen=True, tag="assigned"):
    """Which arm of an experiment answers. ``conversation`` is its hash, salted by the experiment.

    All requests of one conversation get the same arm.
    """

    experiment: str
    arm: str
    conversation: str


Event: TypeAlias = (
    Text | Reasoning | ToolCall | Finish | Decision | Call | Usage | Candidate | Edit | Assigned
)
Stream: TypeAlias = AsyncGenerator[Event, None]


class Model(Protocol):
    """The one protocol. An implementation is ``async def chat(self, request): ... yield``."""

    def chat(self, request: Request, /) -> Stream: ...


Models: TypeAlias = Mapping[str, Model] | Sequence[Model]
"""Several children. Names live on edges: a mapping names them, a sequence leaves it to `named`."""

Seconds: TypeAlias = Annotated[float, "seconds"]
"""A duration. In a configuration file also ``2s``, ``500ms``, ``1m``."""


def named(models: Models) -> dict[str, Model]:
    """Children by name; those without one are called by their place, from 1."""
    if isinstance(models, Mapping):
        return dict(models)
    return {str(place): model for place, model in enumerate(models, 1)}


# ---------------------------------------------------------------- reading a stream


class Answer(Struct, frozen=True):
    """A stream, read to its end."""

    events: tuple[Event, ...]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        return "".join(e.text for e in self.events if isinstance(e, Text))

    @property
    def reasoning(self) -> str:
        return "".join(e.text for e in self.events if isinstance(e, Reasoning))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Whole calls, in the order of their index."""
        return join_calls(e for e in self.events if isinstance(e, ToolCall))

    @property
    def logprobs(self) -> tuple[Logprob, ...]:
        return tuple(p for e in self.events if isinstance(e, Text) for p in e.logprobs)

    @property
    def finish(self) -> Finish | None:
        last = self.events[-1] if self.events else None
        return last if isinstance(last, Finish) else None

    @property
    def notes(self) -> tuple[Event, ...]:
        return tuple(e for e in self.events if isinstance(e, Note))

    @property
    def usage(self) -> tuple[Usage, ...]:
        return tuple(e for e in self.events if isinstance(e, Usage))

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return tuple(e for e in self.events if isinstance(e, Decision))

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return tuple(e for e in self.events if isinstance(e, Candidate))


async def collect(stream: Stream) -> Answer:
    """Read a stream to its end and close it, also when reading fails or is cancelled."""
    async with aclosing(stream) as events:
        return Answer(tuple([event async for event in events]))


def join_calls(pieces: Iterable[ToolCall]) -> tuple[ToolCall, ...]:
    """Put the streamed pieces of tool calls together, by index."""
    whole: dict[int, ToolCall] = {}
    for piece in pieces:
        seen = whole.get(piece.index)
        whole[piece.index] = (
            piece
            if seen is None
            else replace(
                seen,
                id=seen.id or piece.id,
                name=seen.name or piece.name,
                arguments=seen.arguments + piece.arguments,
                signature=seen.signature or piece.signature,
            )
        )
    return tuple(whole[index] for index in sorted(whole))


def unbilled(events: Iterable[Event], pieces: int = 0) -> list[Usage]:
    """An estimated `Usage` for each `Call` that was begun but has not told its own.

    Whoever closes a child early yields these, so that cancelled work is billed. The output is
    estimated by the pieces that were seen, about a token each; ``pieces`` are those seen already.
    """
    begun: dict[str, Call] = {}
    for event in events:
        match event:
            case Call():
                begun[event.id] = event
            case Usage():
                begun.pop(event.call, None)
            case Text() | Reasoning() | ToolCall():
                pieces += 1
    said = pieces // (len(begun) or 1)
    return [
        Usage(
            call=call.id,
            model=call.model,
            input_tokens=call.input_tokens,
            output_tokens=said,
            seconds=0.0 if call.began is None else time.monotonic() - call.began,
            cost_usd=None if call.usd is None else call.usd[0] + said * call.usd[1],
            where=call.where,
            outcome="cancelled",
            estimated=True,
        )
        for call in begun.values()
    ]
