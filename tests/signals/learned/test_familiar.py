import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.learn.train.drawn import ELSEWHERE, prompt, router, rows


def likeness(text: str) -> float:
    return router().familiar.likeness(router().reader.read(text))


def test_a_prompt_of_the_kind_trained_on_is_known() -> None:
    assert router().predict(prompt()).is_known
    assert router().predict(prompt(group="sailing", hard=True)).is_known


@pytest.mark.parametrize(
    "text",
    [
        ELSEWHERE,
        "",
        " ",
        "zzqxv qqqqzz",
        "Übersetze diesen Satz ins Französische: Der Hund schläft.",
        "请把这句话翻译成法语。",
        "x" * 1_000_000,
        prompt() + " And " + ELSEWHERE * 20,
    ],
    ids=["code", "empty", "blank", "unknown", "german", "chinese", "megabyte", "long"],
)
def test_a_prompt_of_another_kind_is_not(text: str) -> None:
    assert not router().predict(text).is_known


@given(st.text())
def test_likeness_is_a_share(text: str) -> None:
    assert 0 <= likeness(text) <= 1


def test_most_prompts_that_were_trained_on_are_known() -> None:
    known = [router().predict(row.prompt).is_known for row in rows(seed=0)]
    assert sum(known) / len(known) > 0.95


def test_prompts_of_the_same_kind_that_were_not_are_known_too() -> None:
    known = [router().predict(row.prompt).is_known for row in rows(seed=1)]
    assert sum(known) / len(known) > 0.9
