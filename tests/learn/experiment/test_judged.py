import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from homeward.learn.experiment.judged import NEEDED, agreed, trust
from homeward.store.experiments import Choice, Vote
from tests.learn.experiment.votes import voted

CHOICES: tuple[Choice, ...] = ("control", "treatment", "tie")


def votes(count: int, right: float = 0.9, seed: int = 0) -> list[Vote]:
    """People's, and a judge's that says the same as often as ``right``, else anything."""
    chance = np.random.default_rng(seed)
    given: list[Vote] = []
    for pair in range(count):
        people = CHOICES[chance.integers(3)]
        judge = people if chance.random() < right else CHOICES[chance.integers(3)]
        given += [voted(pair, people), voted(pair, judge, "judge")]
    return given


def test_a_judge_is_not_trusted_before_fifty_votes() -> None:
    found = trust(votes(12, right=1.0))
    assert not found.is_trusted
    assert found.words == f"judge not trusted yet: 12 of {NEEDED} votes"


def test_a_judge_that_agrees_is_trusted_then() -> None:
    found = trust(votes(50))
    assert found.is_trusted
    assert found.words.startswith("judge trusted")


def test_a_judge_that_guesses_never_is() -> None:
    found = trust(votes(500, right=0.0))
    assert not found.is_trusted
    assert "use another judge" in found.words


def test_only_pairs_of_both_count() -> None:
    alone = [voted("a", "tie"), voted("b", "tie", "judge")]
    assert trust(alone).votes == 0


def test_two_bad_answers_are_a_tie() -> None:
    assert trust([voted(1, "bad"), voted(1, "tie", "judge")]).agreement == 1


def test_a_judge_that_always_says_one_thing_is_not_trusted() -> None:
    same: list[Vote] = []
    for pair in range(60):
        same += [voted(pair, "tie"), voted(pair, "tie", "judge")]
    assert not trust(same).is_trusted


def test_kappa_is_cohens() -> None:
    chance = np.random.default_rng(3)
    verdicts = [(CHOICES[chance.integers(3)], CHOICES[chance.integers(2)]) for _ in range(200)]
    expected = cohen_kappa_score(*zip(*verdicts, strict=True))
    assert agreed(list(verdicts)).kappa == pytest.approx(expected)


def test_the_interval_holds_kappa_as_often_as_it_says() -> None:
    held = 0
    for seed in range(400):
        found = trust(votes(200, right=0.6, seed=seed))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.6 <= found.high
    assert 0.91 < held / 400 < 0.98
