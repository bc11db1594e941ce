import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.model import Request
from homeward.reading import Reading
from homeward.signals.complexity import Complexity

PIECES = st.text(alphabet="ab1? ;\n`") | st.sampled_from(
    ["must", "prove", "without", "then", "    x", "{"]
)


async def read(prompt: str) -> Reading:
    return await Complexity()(Request.of(prompt))


@settings(deadline=None)
@given(st.lists(PIECES), PIECES)
async def test_a_further_demand_never_makes_it_simpler(pieces: list[str], more: str) -> None:
    short, longer = await read("\n".join(pieces)), await read("\n".join([*pieces, more]))
    assert short.score is not None
    assert longer.score is not None
    assert 0 <= short.score <= longer.score <= 1


async def test_nothing_is_no_load() -> None:
    assert await read("") == Reading(
        "simple", 0.0, "empty", dict.fromkeys((await read("")).numbers, 0.0)
    )


@pytest.mark.parametrize(
    ("prompt", "label"),
    [
        ("What is the capital of France?", "simple"),
        ("Compare B-trees and LSM trees for a write-heavy load of 20,000 rows per second. "
         "Which should we use without extra hardware?", "medium"),
        ("Design a rate limiter that must handle 10,000 requests per second. Compare at least 3 "
         "algorithms, analyze each trade-off, justify your choice, then prove that it never "
         "admits more than 5% over the limit. It must work without a shared clock. Finally, "
         "explain how you would debug it. What breaks first? What would you monitor?", "complex"),
    ],
)  # fmt: skip
async def test_labels(prompt: str, label: str) -> None:
    assert (await read(prompt)).label == label


async def test_bounds_are_yours() -> None:
    signal = Complexity({"tiny": 0.01}, above="rest")
    assert (await signal(Request.of("hi"))).label == "tiny"
    assert (await signal(Request.of("hi, what is 2 + 2?"))).label == "rest"


async def test_the_counts_are_told() -> None:
    reading = await read("Is 2 + 2.5 at least 4?")
    assert reading.numbers["numbers"] == 3
    assert reading.numbers["questions"] == 1
    assert reading.numbers["constraints"] == 1


def test_bounds_that_fall_fail_at_construction() -> None:
    with pytest.raises(ConfigError, match="must rise"):
        Complexity({"a": 0.7, "b": 0.3})
