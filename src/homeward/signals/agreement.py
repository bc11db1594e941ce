"""Agreement: ask others the same question, and see whether they come to the same answer."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from homeward.errors import ConfigError, ModelError
from homeward.model import (
    Answer,
    Candidate,
    Event,
    Extractor,
    Model,
    Models,
    Note,
    Reading,
    Request,
    named,
)


@dataclass(frozen=True)
class Agreement:
    """``score`` is the share, 0 to 1, of the checkers that agree, among those that answered.

    Answers are compared by what ``extract`` finds in them. The checkers ``with_`` are asked the
    same question, one after another, and never see the draft. Abstains, without asking anybody,
    where the draft has no answer of the type, and where no checker has one. Costs a whole answer
    of each checker; their notes, the bills of failed ones too, are in ``notes``.
    """

    with_: Models | Model
    extract: Extractor

    def __post_init__(self) -> None:
        if not self._checkers():
            raise ConfigError("an agreement needs a model to agree with; name one in `with`")

    async def __call__(self, request: Request, answer: Answer) -> Reading:
        own = self.extract(answer)
        if own is None:
            return Reading(because="the draft has no answer of the type")
        notes: list[Event] = []
        found: list[str] = []
        for name, model in self._checkers().items():
            said, error = await _ask(model, request)
            notes += said.notes
            value = None if error else self.extract(said)
            text = "" if error else said.text
            notes.append(Candidate("agreement", name, text, extracted=value, error=error))
            if value is not None:
                found.append(value)
        numbers = {"agree": float(found.count(own)), "answered": float(len(found))}
        if not found:
            because = "no checker has an answer of the type"
            return Reading(because=because, numbers=numbers, notes=tuple(notes))
        because = f"{found.count(own)} of {len(found)} agree on {_short(own)}"
        return Reading(own, found.count(own) / len(found), because, numbers, tuple(notes))

    def _checkers(self) -> dict[str, Model]:
        if isinstance(self.with_, Mapping | Sequence):
            return named(self.with_)
        return {"with": self.with_}


async def _ask(model: Model, request: Request) -> tuple[Answer, str | None]:
    """What was said, as far as it came, and why it came no further."""
    events: list[Event] = []
    try:
        async with aclosing(model.chat(request)) as stream:
            async for event in stream:
                events.append(event)  # noqa: PERF401 - a failure must leave what came before it
    except ModelError as error:
        return Answer(tuple(event for event in events if isinstance(event, Note))), str(error)
    return Answer(tuple(events)), None


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
