"""Grading: how right an answer is, from 0 to 1."""

import re
from string import ascii_uppercase

from homeward.errors import ConfigError
from homeward.model import Answer, Text
from homeward.outcomes import Row
from homeward.reading import Extractor
from homeward.signals.answers import Choice
from homeward.signals.numbers import Number
from homeward.signals.slots import lines, normalised, refused
from homeward.signals.trial import passes

NUMERIC = re.compile(r"[-−]?[$€£]?\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+)?\s*%?")
DEMONSTRATION = "demonstration model"  # so the box says that a prompt is beyond it


def grade(row: Row, answer: Answer) -> float:
    """The recorded score for a recorded answer, unchanged; else by the row's check and reference.

    Checks: ``number``, ``line`` (the last one ends with the reference), ``python`` (run against
    the row's tests), ``refusal`` (says that it does not know). Without a check the reference
    decides: a number (also gsm8k's ``# 18``), a choice's letter, or else the same words.
    `ConfigError` for a row that has nothing to grade by.
    """
    finish, text = answer.finish, answer.text
    recorded = row.answers.get(finish.model) if finish else None
    score = None if recorded is None else recorded.score
    if recorded is not None and score is not None and recorded.said.strip() == text.strip():
        return score
    return float(_right(row, answer))


def _right(row: Row, answer: Answer) -> bool:
    if row.check == "refusal":
        return refused(answer.text) or DEMONSTRATION in answer.text
    if row.check == "python":
        return passes(answer.text, row.tests)
    if row.reference is None:
        raise ConfigError(
            f"row {row.id or row.prompt[:40]!r} cannot be graded: give it a `reference`, "
            "or a route whose answers are recorded in the table"
        )
    reference = row.reference.removeprefix("# ").strip()
    if row.check == "line":
        return _ends_with(answer.text, reference)
    if row.check == "number" or NUMERIC.fullmatch(reference):
        return _same(Number(), answer, reference)
    if len(reference) == 1 and reference.isalpha():
        return _same(Choice(ascii_uppercase), answer, reference)
    return normalised(answer.text) == normalised(reference)


def _same(extract: Extractor, answer: Answer, reference: str) -> bool:
    """Read as votes are: what a model meant is what it voted for."""
    found = extract(answer)
    return found is not None and found == extract(Answer((Text(reference),)))


def _ends_with(text: str, reference: str) -> bool:
    """Word by word, so that neither quotes nor "Comparis" deceive it."""
    said = lines(text)
    words, wanted = normalised(said[-1] if said else "").split(), normalised(reference).split()
    return bool(wanted) and words[-len(wanted) :] == wanted
