"""A strategy of your own: ask everybody, say the shortest answer.

    python examples/own_strategy.py

In a file it is a kind like any other: {"own_strategy:Shortest": {models: [small, large]}}.
"""

import asyncio
from dataclasses import dataclass

from homeward import Decision, Model, Note, Request, Stream, collect
from homeward.backends.echo import Echo
from homeward.backends.scripted import Scripted
from homeward.model import Models, named


@dataclass(frozen=True)
class Shortest:
    """Asks one after another and says the shortest answer. Does not stream; tool calls pass."""

    models: Models

    async def chat(self, request: Request) -> Stream:
        answers = {name: await collect(model.chat(request)) for name, model in self._all().items()}
        chosen = min(answers, key=lambda name: len(answers[name].text))
        for answer in answers.values():
            for note in answer.notes:  # drop the words, never the bill
                yield note
        yield Decision("shortest", chosen, f"{len(answers[chosen].text)} characters")
        for event in answers[chosen].events:
            if not isinstance(event, Note):
                yield event

    def _all(self) -> dict[str, Model]:
        return named(self.models)


async def main() -> None:
    tree = Shortest({"echo": Echo(prefix="You said: "), "terse": Scripted("Hi.")})
    answer = await collect(tree.chat(Request.of("Hello, is anybody there?")))
    print(answer)


if __name__ == "__main__":
    asyncio.run(main())
