"""Grades: what is known of each model's answer to a request that is past.

A router is judged by what the model that it did not choose would have answered. A person rates
the answer that they saw; what that says of the others is found here, and nothing is guessed.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.learn.history import Case
from homeward.outcomes import RecordedAnswer, Row

SETTLED = 0.9
"""Share of the requests with a single grade whose other answers must be settled by it."""


class Graded(NamedTuple):
    """``cases`` have a grade of each model's answer.

    Of ``rows`` requests, ``answered`` have an answer of each model and ``rated`` of those at least
    one grade; ``inferred`` were settled by the answers themselves, of ``open`` that had to be.
    """

    cases: Sequence[Case]
    rows: int
    answered: int
    rated: int
    inferred: int
    open: int

    @property
    def words(self) -> str:
        said = (
            f"{len(self.cases):,} of {self.rows:,} kept requests have a grade of each model's "
            f"answer ({self.answered:,} have all answers, {self.rated:,} of them a grade)"
        )
        if self.inferred < SETTLED * self.open:
            said += (
                f"; one rating settles only {self.inferred:,} of {self.open:,}, and those are no "
                "fair sample of all"
            )
        return said


def graded(cases: Sequence[Case], models: Sequence[str]) -> Graded:
    """The cases that can be learned from.

    Grades are given to a request's answer and to its shadow's, each for itself; or one grade
    settles the others: the same words or the same typed answer have the same grade, and what
    differs from a typed answer that is right is wrong. What differs from a wrong one may be
    either. So what can be settled favours the model that was heard, and what only repeats another
    model's words says that all models are equal: unless nearly all is settled, none of it counts.
    """
    answered = [case for case in cases if all(name in case.row.answers for name in models)]
    rated = [case for case in answered if any(_known(case.row, models))]
    direct = [case for case in rated if all(_known(case.row, models))]
    single = [case for case in rated if not all(_known(case.row, models))]
    settled = [replace(case, row=_settled(case.row, models)) for case in single]
    inferred = [case for case in settled if all(_known(case.row, models))]
    fair = len(inferred) >= SETTLED * len(single)
    return Graded(
        [*direct, *(inferred if fair else ())],
        len(cases),
        len(answered),
        len(rated),
        len(inferred),
        len(single),
    )


def candidates(cases: Sequence[Case]) -> tuple[str, ...]:
    """The models to choose between where nobody names them, from cheap to dear; ConfigError.

    They are those that answered at least half of the requests that more than one model answered.
    """
    several = [case.row for case in cases if len(case.row.answers) > 1]
    counts = Counter(name for row in several for name in row.answers)
    names = [name for name, count in counts.items() if 2 * count >= len(several)]
    if len(names) < 2:
        raise ConfigError(
            "no two models answered the same requests of this history, so they cannot be compared; "
            "let a second one answer beside the first with `homeward experiment start NAME "
            "--shadow`, or learn from a table with `homeward learn TABLE`"
        )
    costs = {name: _mean_cost([row.answers.get(name) for row in several]) for name in names}
    if None in costs.values() or len(set(costs.values())) < len(names):
        raise ConfigError(
            f"which of {', '.join(sorted(names))} is cheaper is not known: name them from cheap to "
            "dear, with --models"
        )
    return tuple(sorted(names, key=lambda name: costs[name] or 0.0))


def _mean_cost(answers: Sequence[RecordedAnswer | None]) -> float | None:
    known = [each.cost_usd for each in answers if each is not None and each.cost_usd is not None]
    return sum(known) / len(known) if known else None


def _known(row: Row, models: Sequence[str]) -> list[bool]:
    return [row.answers[name].score is not None for name in models]


def _settled(row: Row, models: Sequence[str]) -> Row:
    rated = [row.answers[name] for name in models if row.answers[name].score is not None]
    answers = dict(row.answers)
    for name in models:
        own = answers[name]
        if own.score is None:
            found = {_by(own, other) for other in rated} - {None}
            if len(found) == 1:
                answers[name] = replace(own, score=found.pop())
    return replace(row, answers=answers)


def _by(own: RecordedAnswer, rated: RecordedAnswer) -> float | None:
    """The grade of an answer by that of another; None where that says nothing."""
    if own.answer is not None and rated.answer is not None:
        if own.answer == rated.answer:
            return rated.score
        return 0.0 if rated.score == 1.0 else None
    same = own.said.strip() == rated.said.strip() != ""
    return rated.score if same else None
