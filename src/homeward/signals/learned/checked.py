"""Checked: how likely an answer is right, when the answer and others' answers can be read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from homeward.signals.learned.evidence import of_agreement, of_answer
from homeward.signals.learned.parts import SURFACE, squashed
from homeward.signals.learned.reader import FAR, Features, Numbers, Reader

EVIDENCE = 0.3
"""Weight of a number of evidence, standardised, beside a text's terms."""


@dataclass(frozen=True)
class Checked:
    """Logistic regression on the question, the answer's words and the evidence.

    ``reader`` reads the answer, None where its words are not looked at; ``mean`` and ``scale``
    standardise the evidence. ``prompt`` are the weights of the question's terms, of shape
    ``(v,)``, or empty.
    """

    reader: Reader | None
    mean: Numbers
    scale: Numbers
    prompt: Numbers
    surface: Numbers
    answer: Numbers
    evidence: Numbers
    bias: float

    def probability(self, read: Features, text: str, evidence: Numbers) -> float:
        """Of being right, 0 to 1. ``read`` is the question, ``text`` the answer."""
        z = self.bias + float(self.standard(evidence) @ self.evidence) * EVIDENCE
        z += SURFACE * float(read.surface @ self.surface)
        if len(self.prompt):
            z += float(read.values @ self.prompt[read.columns])
        if self.reader is not None and len(self.answer):
            answer = self.reader.read(text)
            z += float(answer.values @ self.answer[answer.columns])
        return float(squashed(np.array([z], np.float32))[0])

    def standard(self, evidence: Numbers) -> Numbers:
        return np.asarray(np.clip((evidence - self.mean) / self.scale, -FAR, FAR), np.float32)


def gathered(
    prompt: str, text: str | None, own: str | None, others: Sequence[str | None], chars: int | None
) -> Numbers:
    """The evidence that there is; ``text`` is None where the answer's words are not looked at.

    ``chars`` is how long the answer is, where agreement alone is looked at.
    """
    found: list[float] = []
    if text is not None:
        found += of_answer(prompt, text)
    if others:
        found += of_agreement(own, others)
        found += (np.log1p(float(chars or 0)), np.log1p(float(len(prompt))))
    return np.array(found, np.float32)
