"""Every example is a right file, and means what the documentation says of it."""

from pathlib import Path
from typing import Any

import pytest

from homeward.config import load

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
SEVEN = [
    "gemma-2-9b-it",
    "Meta-Llama-3.1-8B-Instruct",
    "Mistral-Nemo-Instruct-2407",
    "Phi-3.5-mini-instruct",
    "Qwen2-7B-Instruct",
    "Meta-Llama-3-8B-Instruct",
    "Yi-1.5-9B-Chat",
]


def example(name: str) -> Path:
    return next(path for path in EXAMPLES if path.stem == name)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
async def test_an_example_opens(path: Path) -> None:
    async with load(path, {"TABLE": "table.jsonl.gz"}).open() as models:
        assert callable(models[load(path, {"TABLE": "x"}).default].chat)


async def test_the_vote_is_of_seven_models() -> None:
    async with load(example("gsm8k-vote"), {"TABLE": "/t"}).open() as models:
        vote: Any = models["auto"]
        assert [leaf.model for leaf in vote.models.values()] == SEVEN
        assert {str(leaf.table) for leaf in vote.models.values()} == {"/t"}


async def test_the_cascade_ends_with_the_hosted_model() -> None:
    async with load(example("gsm8k-cascade"), {"TABLE": "/t"}).open() as models:
        cascade: Any = models["auto"]
        assert cascade.final.model == "gpt-4o-2024-08-06"
        assert {leaf.model for leaf in cascade.drafts.values()} < set(SEVEN)
