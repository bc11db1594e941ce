"""A synthetic history: small is right on sums, large on sums and proofs, and costs ten times."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_lowercase

import msgspec

from homeward.learn.history import Case
from homeward.learn.loop.past import past
from homeward.model import Clearance, Request, Usage
from homeward.outcomes import Given, RecordedAnswer, Row
from homeward.store.experiments import SHADOW_ID
from homeward.store.records import Contents, Entry, Feedback
from homeward.store.sqlite import Sqlite

MODELS = ("small", "large")
COST = {"small": 0.001, "large": 0.01}
BEGAN = 1_760_000_000.0
MINUTE = 60.0
SUMS = ("add {a} and {b}", "what is the sum of {a} and {b}", "{a} plus {b} please")
PROOFS = (
    "prove that lemma {a} follows from theorem {b}",
    "derive the bound of theorem {a} by induction over {b}",
    "show that operator {a} is compact, and prove lemma {b}",
)


def prompts(count: int, seed: int = 0) -> list[str]:
    """Half sums, half proofs; in each a word that stands in no other."""
    draw = random.Random(seed)
    return [
        draw.choice(SUMS if draw.random() < 0.5 else PROOFS).format(
            a=draw.randint(2, 999), b=draw.randint(2, 999)
        )
        + f" for {''.join(draw.choices(ascii_lowercase, k=draw.randint(4, 9)))}"
        for _ in range(count)
    ]


def is_right(model: str, prompt: str, *, turned: bool = False) -> bool:
    is_sum = any(word in prompt for word in ("add", "sum", "plus"))
    return model == "large" or is_sum is not turned


def write(
    path: Path,
    count: int,
    *,
    first: int = 0,
    began: float = BEGAN,
    seed: int = 0,
    turned: bool = False,
) -> None:
    """As many requests, a minute apart, from number ``first``; both answers are rated.

    In a history that has ``turned``, small is right on proofs instead.
    """
    asyncio.run(_write(path, prompts(first + count, seed)[first:], first, began, turned=turned))


async def _write(
    path: Path, asked: Sequence[str], first: int, began: float, *, turned: bool
) -> None:
    entries, contents, words = [], [], []
    for number, prompt in enumerate(asked, first):
        for model, id_ in (("small", f"e{number}"), ("large", f"e{number}{SHADOW_ID}")):
            calls = (Usage("c", model, cost_usd=COST[model]),)
            at = began + number * MINUTE
            entries.append(Entry(id_, at, route="auto", model=model, calls=calls))
            request = Request.of(prompt)
            contents.append(Contents(id_, msgspec.to_builtins(request), f"{model} {number}"))
            words.append(Feedback(id_, _rating(model, prompt, turned=turned)))
    async with Sqlite(path) as store:
        await store.add(entries)
        await store.add_contents(contents)
        for word in words:
            await store.add_feedback(word)


def _rating(model: str, prompt: str, *, turned: bool) -> float:
    return 1.0 if is_right(model, prompt, turned=turned) else -1.0


def case(
    number: int, scores: Mapping[str, float | None], at: float | None = None, talk: str = ""
) -> Case:
    """One request whose answers are graded so; large costs ten times as much as small."""
    answers = {
        name: RecordedAnswer(score, f"{name} says", cost_usd=COST.get(name))
        for name, score in scores.items()
    }
    row = Row(
        f"ask {number}",
        id=f"e{number}",
        answers=answers,
        conversation=talk or f"c{number}",
        given=Given("auto", "small", float(number) if at is None else at),
    )
    return Case(row, row.request(Clearance.MACHINE))


def cases(path: Path, since: float = 0.0) -> Sequence[Case]:
    async def read() -> Sequence[Case]:
        async with Sqlite(path) as store:
            return (await past(store, since)).cases

    return asyncio.run(read())
