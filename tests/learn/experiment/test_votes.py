from homeward.learn.experiment.votes import tally
from homeward.store.experiments import Choice
from tests.learn.experiment.votes import voted


def test_ties_and_bad_pairs_are_half_a_win() -> None:
    choices: list[Choice] = ["treatment", "treatment", "control", "tie", "bad"]
    found = tally([voted(place, choice) for place, choice in enumerate(choices)])
    assert found.win_share == (2 + 0.5 + 0.5) / 5
    assert (found.treatment, found.control, found.ties, found.bad) == (2, 1, 1, 1)


def test_the_share_is_within_its_interval() -> None:
    found = tally([voted(place, "treatment") for place in range(40)])
    assert found.win_share == 1
    assert 0.5 < found.low < 1
    assert found.high == 1


def test_a_voter_who_goes_by_the_place_is_seen() -> None:
    votes = [voted(0, "control"), voted(1, "treatment", first="treatment"), voted(2, "tie")]
    assert tally(votes).first == 1


def test_no_votes_say_nothing() -> None:
    found = tally([])
    assert (found.win_share, found.low, found.high, found.first) == (None, 0, 1, None)
