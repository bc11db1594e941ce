import msgspec
import numpy as np
import pytest

from homeward.errors import ConfigError
from homeward.learn.measures import auroc
from homeward.learn.table import Table, table
from homeward.learn.train.answers import (
    Learned,
    checked,
    chosen_type,
    cross_fitted,
    evidence_of,
    typed,
)
from homeward.outcomes import RecordedAnswer
from homeward.signals.learned.reader import fitted
from tests.learn.train.drawn import PAIR, rows

ROWS = rows(200, words=True)
DATA = table(ROWS, PAIR)
READER = fitted([row.prompt for row in ROWS])
READ = [READER.read(row.prompt) for row in ROWS]
RIGHT = DATA.scores[:, 0]


def learned(
    data: Table = DATA, *, with_answer: bool = False, checkers: tuple[str, ...] = ()
) -> Learned:
    return checked(data, READ, READER, with_answer=with_answer, checkers=checkers)


def grade(found: Learned, checkers: tuple[str, ...] = ()) -> float:
    """AUROC of the chance that the small model is right, on rows left out."""
    fold = np.arange(len(ROWS)) % 3
    return auroc(cross_fitted(DATA, READ, READER, fold, found, checkers), RIGHT) or 0.0


def test_without_answers_nothing_is_learned_from_them() -> None:
    assert learned() == (None, None)


def test_words_of_the_answer_tell_right_from_wrong() -> None:
    assert grade(learned(with_answer=True)) > 0.95


def test_checkers_that_agree_tell_right_from_wrong() -> None:
    found = learned(checkers=("a", "b"))
    assert found.type == "number"
    assert grade(found, ("a", "b")) > 0.9


def test_both_together_do_too() -> None:
    assert grade(learned(with_answer=True, checkers=("a",)), ("a",)) > 0.95


def test_the_type_is_the_one_under_which_agreement_says_most() -> None:
    assert chosen_type(ROWS, "small", ("a", "b"), RIGHT) == "number"


@pytest.mark.parametrize(
    ("answer", "kind", "found"),
    [
        (None, "number", None),
        (RecordedAnswer(text="It is 4.0."), "number", "4"),
        (RecordedAnswer(answer=" B "), "choice", "B"),
        (RecordedAnswer(answer=" "), "choice", None),
        (RecordedAnswer(text="It is 4.", answer="5"), "number", "4"),
        (RecordedAnswer(score=1), "number", None),
    ],
)
def test_what_is_compared_of_a_recorded_answer(
    answer: RecordedAnswer | None, kind: str, found: str | None
) -> None:
    assert typed(answer, kind) == found


def test_a_row_that_lacks_a_checker_s_answer_counts_as_its_silence() -> None:
    row = ROWS[0]
    answers = {name: answer for name, answer in row.answers.items() if name != "b"}
    without = msgspec.structs.replace(row, answers=answers)
    found = evidence_of(without, "small", ("a", "b"), "number", with_answer=False)
    assert np.isfinite(found).all()
    assert len(found) == len(evidence_of(row, "small", ("a", "b"), "number", with_answer=False))


# ---------------------------------------------------------------- mistakes


def test_an_unknown_checker_is_told() -> None:
    with pytest.raises(ConfigError, match="no row has an answer of 'nobody'"):
        learned(checkers=("a", "nobody"))


@pytest.mark.parametrize("checkers", [("small",), ("a", "a")])
def test_a_model_cannot_check_itself(checkers: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="cannot check itself; name other models"):
        learned(checkers=checkers)


def test_answers_that_are_not_recorded_cannot_be_read() -> None:
    silent = table(rows(200), PAIR)
    with pytest.raises(ConfigError, match="no words of 'small': train without --with-answer"):
        learned(silent, with_answer=True)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_a_model_that_is_always_right_or_never_is_learned(score: float) -> None:
    data = Table(DATA.rows, DATA.models, np.full_like(DATA.scores, score), None)
    model = learned(data, with_answer=True).model
    assert model is not None
    evidence = evidence_of(ROWS[0], "small", (), None, with_answer=True)
    said = ROWS[0].answers["small"].said
    assert abs(model.probability(READ[0], said, evidence) - score) < 0.1


def test_graded_scores_are_learned_as_so_much_right() -> None:
    data = Table(DATA.rows, DATA.models, np.full_like(DATA.scores, 0.5), None)
    model = learned(data, checkers=("a",)).model
    assert model is not None
    evidence = evidence_of(ROWS[0], "small", ("a",), "number", with_answer=False)
    assert abs(model.probability(READ[0], "", evidence) - 0.5) < 0.05
