"""Router: a signal reads the request and names the model that answers it."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from homeward.errors import ConfigError, ModelError, Rejected
from homeward.model import Decision, Model, Request, Stream
from homeward.reading import Reading, Signal, weigh


@dataclass(frozen=True)
class Router:
    """Asks the child in ``routes`` whose name is the label that ``by`` reads in the request.

    Streams. Tool calls pass unchanged. A label without a route, an abstention and a signal that
    fails go to ``else_``; without one the request is `Rejected` with the labels that there are
    (a failed signal: its own error).
    """

    by: Signal
    routes: Mapping[str, Model] = field(default_factory=dict[str, Model])
    else_: Model | None = None

    def __post_init__(self) -> None:
        if not self.routes and self.else_ is None:
            raise ConfigError("a router needs a model for at least one label, or an `else`")

    async def chat(self, request: Request) -> Stream:
        reading = Reading()
        try:
            async with aclosing(weigh(self.by, request)) as notes:
                async for note in notes:
                    if isinstance(note, Reading):
                        reading = note
                    else:
                        yield note
        except ModelError as error:
            if self.else_ is None:
                raise
            reading = Reading(because=f"the signal failed: {error}")
        label = reading.label
        model = self.else_ if label is None else self.routes.get(label, self.else_)
        if model is None:
            raise Rejected(self._nowhere(reading))
        chosen = label if label is not None and label in self.routes else "else"
        yield Decision("router", chosen, self._because(reading), _numbers(reading))
        async with aclosing(model.chat(request)) as events:
            async for event in events:
                yield event

    def _because(self, reading: Reading) -> str:
        if reading.label is None:
            return reading.because or "the signal abstained"
        if reading.label not in self.routes:
            return f"there is no route for {reading.label!r}"
        return reading.because or f"the request is {reading.label!r}"

    def _nowhere(self, reading: Reading) -> str:
        read = "abstained" if reading.label is None else f"says {reading.label!r}"
        return (
            f"no route for this request: the signal {read}, and there are routes for "
            f"{', '.join(map(repr, self.routes))} only; add one, or an `else`"
        )


def _numbers(reading: Reading) -> dict[str, float]:
    score = {} if reading.score is None else {"score": reading.score}
    return {**reading.numbers, **score}
