import math

import pytest

from homeward.errors import ConfigError
from homeward.model import Answer, Finish, Logprob, Text
from homeward.signals.logprobs import Logprobs
from homeward.strategies.cascade import Cascade, ReadsLogprobs
from tests.contract import HELLO, heard, says


def answer(*probabilities: float) -> Answer:
    pieces = [Text("x", (Logprob("x", math.log(p)),)) for p in probabilities]
    return Answer((*pieces, Finish()))


async def test_the_score_is_the_probability_at_a_low_quantile() -> None:
    reading = await Logprobs(quantile=0.5)(HELLO, answer(0.2, 0.9, 0.5))
    assert reading.score == pytest.approx(0.5)


async def test_quantile_0_is_the_least_likely_token() -> None:
    reading = await Logprobs(quantile=0)(HELLO, answer(0.9, 0.1, 0.9))
    assert reading.score == pytest.approx(0.1)


async def test_one_doubtful_token_in_ten_counts() -> None:
    reading = await Logprobs()(HELLO, answer(*[0.99] * 9, 0.2))
    assert reading.score == pytest.approx(0.2)


async def test_three_quantiles_are_given_to_learn_from() -> None:
    numbers = (await Logprobs()(HELLO, answer(*[0.9] * 9, 0.5, 0.2))).numbers
    assert numbers == {"tokens": 11.0, "p0": pytest.approx(0.2), "p10": 0.5, "p50": 0.9}


async def test_an_answer_without_logprobs_abstains() -> None:
    reading = await Logprobs()(HELLO, Answer((Text("x"), Finish())))
    assert reading.score is None
    assert "no logprobs" in reading.because


async def test_an_impossible_token_is_worth_nothing() -> None:
    piece = Text("x", (Logprob("x", -math.inf),))
    assert (await Logprobs()(HELLO, Answer((piece,)))).score == 0


async def test_a_cascade_asks_its_drafts_for_them() -> None:
    draft, final = says("a"), says("b")
    assert isinstance(Logprobs(), ReadsLogprobs)
    await heard(Cascade([draft], final, Logprobs()))
    assert draft.journal.asked[0].sampling.logprobs == 0
    assert final.journal.asked[0].sampling.logprobs is None


def test_a_quantile_is_a_share() -> None:
    with pytest.raises(ConfigError, match="share from 0 to 1"):
        Logprobs(quantile=10)


async def test_a_logprob_above_nothing_is_certainty_and_no_overflow() -> None:
    impossible = Answer((Text("x", (Logprob("x", 1e4),)), Finish()))
    assert (await Logprobs()(HELLO, impossible)).score == 1.0
