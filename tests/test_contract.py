"""Nobody escapes the contract, and the contract catches what it is there to catch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from homeward.backends.scripted import Scripted
from homeward.config.kinds import MODELS
from homeward.model import Finish, Model, Request, Stream, Text
from homeward.strategies.ensemble import Ensemble
from homeward.strategies.fallback import Fallback
from homeward.strategies.hedge import Hedge
from homeward.strategies.limited import Limited
from homeward.strategies.weighted import Weighted
from tests.contract import (
    Tree,
    check_bill_arrives,
    check_ends_with_finish,
    check_hang_up_closes,
    check_promises,
    says,
)

TESTS = Path(__file__).parent


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_every_kind_is_run_through_the_contract(kind: str) -> None:
    module = MODELS[kind].partition(":")[0]
    folder, name = module.removeprefix("homeward.").split(".")
    if name == "echo":
        name = "scripted"  # the two doubles share a file
    tests = (TESTS / folder / f"test_{name}.py").read_text()
    of_a_leaf = ("check_ends_with_finish(", "check_bill_arrives(")
    assert "check_promises(" in tests or all(check in tests for check in of_a_leaf)


@pytest.mark.parametrize("depth", [1, 5, 20])
async def test_hanging_up_reaches_the_leaf_at_any_depth(depth: int) -> None:
    leaf = says("one", "two", every=3600.0)
    tree: Model = leaf
    wraps = (
        lambda model: Fallback([model]),
        lambda model: Ensemble([model], Weighted()),
        lambda model: Limited(model, at_once=2),
        lambda model: Hedge([model], after=7200.0),
    )
    for level in range(depth):
        tree = wraps[level % len(wraps)](tree)
    await check_hang_up_closes(tree, [leaf])


async def test_a_deep_tree_keeps_every_promise() -> None:
    def tree() -> Tree:
        leaves: Sequence[Scripted] = [says("one"), says("two", "three")]
        inner = Hedge([Limited(Fallback([leaves[0], leaves[1]]))], after=3600.0)
        return Ensemble([Fallback([inner])], Weighted()), leaves

    await check_promises(tree)


@dataclass(frozen=True)
class Naive:
    """The wrapper that everybody writes first: it leaves its child open."""

    model: Model

    async def chat(self, request: Request) -> Stream:
        async for event in self.model.chat(request):
            yield event


async def test_the_contract_catches_the_naive_wrapper() -> None:
    leaf = says("a", "b")
    with pytest.raises(AssertionError):
        await check_hang_up_closes(Naive(leaf), [leaf])


@dataclass(frozen=True)
class Greedy:
    """Swallows the notes."""

    model: Model

    async def chat(self, request: Request) -> Stream:
        async for event in self.model.chat(request):
            if isinstance(event, Text | Finish):
                yield event


async def test_the_contract_catches_a_swallowed_bill() -> None:
    with pytest.raises(AssertionError):
        await check_bill_arrives(Greedy(says("a")))


async def test_the_contract_catches_a_stream_without_an_end() -> None:
    class Endless:
        async def chat(self, request: Request) -> Stream:
            yield Text(request.prompt)

    with pytest.raises(AssertionError):
        await check_ends_with_finish(Endless())
