"""Hedge: when the first model is slow to begin, ask the next as well; the first word wins."""

import time
from dataclasses import dataclass

from homeward.errors import AllFailed, ConfigError
from homeward.model import Decision, Models, Note, Request, Seconds, Stream, named
from homeward.strategies.children import Child, Children, side_by_side


@dataclass(frozen=True)
class Hedge:
    """Asks the models in order, a further one whenever ``after`` seconds pass without a word.

    A model that fails without a word is followed at once. The first to say a word answers; the
    others are cancelled, and billed. Streams; after the first word the voice stays, and its
    failure is the answer's. Tool calls pass through, so tools must bear being called for by two
    models at most one of which is heard. AllFailed when all fail.
    """

    models: Models
    after: Seconds

    def __post_init__(self) -> None:
        if not self.models:
            raise ConfigError("a hedge needs at least one model; name some in `models`")
        if self.after < 0:
            raise ConfigError(f"`after` is {self.after:g} s; a wait cannot be negative")

    async def chat(self, request: Request) -> Stream:
        async with side_by_side(named(self.models), request.with_(stream=True), at_once=1) as side:
            until = time.monotonic() + self.after
            while True:
                waiting = side.waiting
                arrival = await side.next(until if waiting else None)
                if arrival is None:
                    if not side.running:
                        raise AllFailed([c.error for c in side.all.values() if c.error])
                    side.at_once += 1
                    until = time.monotonic() + self.after
                elif isinstance(arrival.event, Note):
                    yield arrival.event
                elif arrival.event is None:
                    until = time.monotonic() + self.after
                    yield Decision("hedge", "next", str(arrival.child.error))
                else:
                    break
            winner = arrival.child
            late = [label for label in side.running if label != winner.label]
            for note in await side.stop(*late):
                yield note
            yield _decision(side, winner)
            yield arrival.event
            side.at_once = 0
            while (arrival := await side.next()) is not None:
                if arrival.event is not None:
                    yield arrival.event
            if winner.error is not None:
                raise winner.error


def _decision(side: Children, winner: Child) -> Decision:
    asked = len(side.all) - len(side.waiting)
    return Decision("hedge", winner.label, f"first word of {asked}", {"asked": float(asked)})
