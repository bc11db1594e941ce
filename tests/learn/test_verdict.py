import pytest

from homeward.learn.verdict import FEWEST, verdict


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.01, 0.05, "better"),
        (-0.01, 0.05, "not worse"),
        (-0.02, -0.01, "not worse"),
        (0.0, 0.0, "not worse"),
        (-0.09, -0.03, "worse"),
        (-0.09, -0.001, "worse"),
        (-0.05, 0.05, "cannot tell"),
    ],
)
def test_an_interval_is_put_into_words(low: float, high: float, word: str) -> None:
    assert verdict(low, high, 100).word == word


def test_a_wider_margin_forgives_more() -> None:
    assert verdict(-0.05, 0.05, 100, margin=0.05).word == "not worse"


def test_without_a_margin_only_no_loss_at_all_is_not_worse() -> None:
    assert verdict(-0.001, 0.05, 100, margin=0.0).word == "cannot tell"


def test_few_conversations_tell_nothing() -> None:
    assert verdict(0.5, 0.6, FEWEST).word == "better"
    found = verdict(0.5, 0.6, FEWEST - 1)
    assert (found.word, "too few" in found.because) == ("cannot tell", True)


def test_the_sentence_has_the_numbers() -> None:
    assert str(verdict(0.012, 0.034, 100)) == (
        "better: the difference lies between +1.2 and +3.4 points"
    )
