"""Task: what kind of work a request is, by the words people ask for it with."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from homeward.model import Request
from homeward.reading import Reading
from homeward.signals.task_model import probabilities

_ENDS = 350  # characters read at each end of a long prompt: an instruction stands at one of them
_WEIGHT = 2.0
"""Of a unit of the rules' evidence, in natural logarithms of odds, beside the classifier's."""


def _words(alternatives: str, *, start: str = r"[^a-z0-9]") -> re.Pattern[str]:
    """Patterns between ``' | '``, each from the start of a word, in lower case.

    The character before the word is part of the match: a pattern that begins with a class of
    characters is found several times faster than one that begins with a boundary.
    """
    return re.compile(start + "(?:" + "|".join(re.split(r"\s+\|\s+", alternatives)) + ")")


_LANGUAGES = (
    "english|french|german|spanish|italian|dutch|japanese|chinese|russian|portuguese|polish|"
    "arabic|korean|latin|turkish"
)

# Begins with the sign and looks back from it: signs are rare, letters and digits are not.
_FORMULA = re.compile(
    r"[-+*/^×÷=%\\](?:"
    r"(?:(?<=[0-9][-+*/^×÷])|(?<=[0-9]\s[-+*/^×÷]))\s{0,9}\(?[0-9]"
    r"|(?:(?<=[a-z]=)|(?<=[a-z]\s=))\s{0,9}-?[0-9]|(?<=[a-z]\^)[0-9]|(?<=[0-9]%)|(?<=\\)(?:frac|int))"
)

# Each pattern that is found adds its weight to the label's evidence.
CLUES: Mapping[str, tuple[tuple[float, re.Pattern[str]], ...]] = {
    "code": (
        (2.0, re.compile(r"```|^(?:def|class|import|from|#include|fn|func|public)\s", re.M)),
        (
            2.0,
            _words(
                r"python | javascript | typescript | java\b | c\+\+ | rust\b | sql\b | bash\b"
                r" | regex | golang | html\b | css\b | dockerfile | haskell"
            ),
        ),
        (
            1.5,
            _words(
                r"function\b | refactor | debug | compil(?:e|er)\b | unit tests?\b | stack ?trace"
                r" | traceback | exception | algorithm | api\b | script\b | code\b | segfault"
                r" | null pointer | class(?:es)? that\b | query\b"
            ),
        ),
    ),
    "mathematics": (
        (
            2.0,
            _words(
                r"solve (?:for|the) | equation | integral | derivative | prove (?:that|the)"
                r" | calculate | compute | square root | probability | percent(?:age)? of"
                r" | how (?:much|many)\b.{0,80}\d | perimeter | matrix | factori[sz]e | prime\b"
            ),
        ),
        (2.0, _FORMULA),
        (1.0, _words(r"how (?:much|many|long|far|old)\b")),
        (0.5, re.compile(r"\d\D+\d")),
    ),
    "translation": (
        (4.0, _words(r"translat(?:e|ion) | how do (?:you|i) say\b | übersetz | tradui")),
        (1.5, _words(rf"(?:in|into|to|from) (?:{_LANGUAGES})\b")),
    ),
    "summary": (
        (
            4.0,
            _words(
                r"summar(?:y|i[sz]e) | tl;?dr | key (?:points|takeaways) | in a nutshell"
                r" | condense | main (?:points|ideas?) (?:of|in) | boil\b.{0,40}\bdown"
            ),
        ),
    ),
    "extraction": (
        (
            3.0,
            _words(
                r"extract | pull out | find all | parse (?:the|this|these) | named entit"
                r" | list (?:all|every|the) (?:\w+ ){1,4}(?:mentioned|in (?:th|my))"
                r" | which (?:\w+ ){1,3}(?:is|are) (?:mentioned|named)"
            ),
        ),
        (1.0, _words(r"as json | in json | json (?:object|array) | csv\b")),
    ),
    "classification": (
        (
            3.0,
            _words(
                r"classif | categori[sz]e | sentiment | label (?:this|the|each|these) | spam or\b"
                r" | is (?:this|the following) \w+ (?:spam|positive|negative|toxic)"
                r" | positive,? (?:or )?negative | which (?:category|class|topic)\b"
            ),
        ),
    ),
    "rewriting": (
        (
            3.0,
            _words(
                r"rewrite | rephrase | paraphrase | proofread | polish (?:this|my)"
                r" | (?:fix|correct|check) (?:the|my) (?:grammar|spelling|punctuation)"
                r" | make (?:this|it|the following) (?:sound )?(?:more |less )?"
                r"(?:shorter|longer|formal|friendly|polite|concise|clear|professional)"
                r" | improve (?:the|my|this) (?:wording|text|email|paragraph|style)"
            ),
        ),
    ),
    "creative": (
        (
            3.0,
            _words(
                r"(?:write|compose|tell|invent|make up|draft)\b.{0,40}\b(?:poem|story|haiku|song"
                r"|lyrics|limerick|joke|tale|sonnet|novel|dialogue|screenplay|slogan|fable)"
                r" | brainstorm | names? for (?:my|a|our)\b | imagine (?:that )?you | role-?play"
                r" | once upon"
            ),
        ),
    ),
    "question": (
        (
            0.8,
            _words(
                r"(?:who|what|when|where|which|why|how|is|are|was|were|do|does|did|can|could|will"
                r"|would|should|has|have)\b",
                start=r"\A\W{1,20}",
            ),
        ),
        (0.5, re.compile(r"\?\s*\Z|[^a-z0-9](?:explain|define|describe)\b")),
    ),
    "chat": (
        (
            2.5,
            _words(
                r"(?:hi|hello|hey|thanks|thank you|good (?:morning|evening|night|afternoon)"
                r"|how are you|what's up|bye|goodbye|nice|great|ok(?:ay)?|cool|lol)\b",
                start=r"\A\W{1,20}",
            ),
        ),
    ),
}


@dataclass(frozen=True)
class Task:
    """Labels a request as one of the kinds in `CLUES`, or as ``reasoning`` or ``planning``.

    Reads the last user message, of a long one its two ends; abstains where there is none. Rules
    over English words weigh on top of a small classifier, which knows more ways to say it, and the
    commonest ones in German, French and Spanish. ``score`` is the label's share, 0 to 1, of both:
    an opinion, not a calibrated probability. ``numbers`` has the rules' evidence by label.
    """

    async def __call__(self, request: Request) -> Reading:
        prompt = request.prompt.strip().lower()
        if not prompt:
            return Reading(because="there is no user message")
        if len(prompt) > 2 * _ENDS:
            prompt = f"{prompt[:_ENDS]}\n{prompt[-_ENDS:]}"
        evidence = rules(prompt)
        odds = {
            label: math.exp(_WEIGHT * evidence.get(label, 0.0)) * share
            for label, share in probabilities(prompt).items()
        }
        label = max(odds, key=odds.__getitem__)
        because = "its words and" if evidence.get(label) else "no rule, but"
        return Reading(
            label,
            odds[label] / sum(odds.values()),
            f"{label} by {because} the classifier",
            evidence,
        )


def rules(prompt: str) -> dict[str, float]:
    """Evidence for each label that a rule speaks for, of a prompt in lower case."""
    text = f"\n{prompt}"
    found = {
        label: sum(weight for weight, pattern in clues if pattern.search(text))
        for label, clues in CLUES.items()
    }
    return {label: weight for label, weight in found.items() if weight}
