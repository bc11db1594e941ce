"""One question with its answer, and the rule that says which split it belongs to.

A domain module knows how to *draw* a row; it knows nothing of splits. `rows` draws until the row's
content (operands, a word, a fact in one wording) falls into the wanted split, so a row of the test
set cannot turn up in training, whatever its capital letters and its full stop look like.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Literal

from data.style import restyled

Split = Literal["train", "validation", "test"]
Check = Literal["number", "line", "python", "refusal"]

REFUSAL = "I don't know."

PARTS = 8
"""Of eight parts of the content space one is the test set, one validation, six are training."""


@dataclass(frozen=True, slots=True)
class Row:
    prompt: str
    answer: str
    """What the model should write: short steps first, the answer in the last line."""
    group: str
    kind: str
    reference: str
    check: Check
    content: tuple[object, ...]
    """What makes the row itself; its hash decides the split."""
    spelled: bool = False
    """The answer is tokenised character by character, so that letters can be seen and moved."""
    verbatim: bool = False
    """The letters of the prompt matter as they are; it is not restyled."""
    tests: tuple[str, ...] = ()
    """Only for check "python": assert statements about `f`."""

    def refused(self) -> "Row":
        """The same question for a model which should leave it to others."""
        return replace(self, answer=REFUSAL, reference="", check="refusal", spelled=False, tests=())

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


Draw = Callable[[Random], Row]


def split_of(*content: object) -> Split:
    """The split of a content: the same on every machine and in every Python."""
    digest = hashlib.sha256("|".join(map(str, content)).encode()).digest()
    part = int.from_bytes(digest[:4], "big") % PARTS
    return "test" if part == 0 else "validation" if part == 1 else "train"


def rows(draw: Draw, split: Split, rng: Random) -> Iterator[Row]:
    """Endless rows of one split, in the spellings people type."""
    while True:
        row = draw(rng)
        if split_of(*row.content) == split:
            yield row if row.verbatim else replace(row, prompt=restyled(row.prompt, rng))
