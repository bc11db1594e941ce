"""Which questions each member of the box is trained on, and in which shares."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from data import arithmetic, code, facts, general_prompts, words
from data.row import Draw, Row, Split, rows, split_of

DOMAINS: dict[str, Draw] = {
    "arith": arithmetic.draw,
    "code": code.draw,
    "facts": facts.draw,
    "words": words.draw,
}
GROUPS: dict[str, Draw] = {**DOMAINS, "none": general_prompts.draw}

EVERYTHING = {"arith": 0.40, "code": 0.13, "facts": 0.19, "words": 0.18, "none": 0.10}
FOREIGN_SHARE = 0.06
"""Rows of a specialist which are another domain's questions, answered by a refusal."""
NONE_SHARE = 0.07
"""Rows of a specialist which are general prompts, answered by a refusal."""


@dataclass(frozen=True, slots=True)
class Mixture:
    own: dict[str, float]
    """Groups that are answered, with their shares."""
    refused: dict[str, float]
    """Groups that are refused although another member could answer them."""
    rows: int
    """Training rows; about what the member's steps go through once."""


def specialist(domain: str, rows: int) -> Mixture:
    others = [other for other in DOMAINS if other != domain]
    own = {domain: 1 - FOREIGN_SHARE - NONE_SHARE, "none": NONE_SHARE}
    return Mixture(own, dict.fromkeys(others, FOREIGN_SHARE / len(others)), rows)


MIXTURES = {
    "arith": specialist("arith", 100_000),
    "code": specialist("code", 30_000),
    "facts": specialist("facts", 80_000),
    "words": specialist("words", 110_000),
    "general": Mixture(EVERYTHING, {}, 110_000),
    "draft": Mixture(EVERYTHING, {}, 220_000),
}


def training_rows(member: str) -> Iterator[Row]:
    """The rows a member learns from, in the order of its seed: the same list every time."""
    mixture = MIXTURES[member]
    rng = Random(f"{member} training")
    streams = streams_of("train", rng)
    groups = [*mixture.own, *mixture.refused]
    shares = [*mixture.own.values(), *mixture.refused.values()]
    for group in rng.choices(groups, shares, k=mixture.rows):
        row = next(streams[group])
        yield row.refused() if group in mixture.refused else row


def table_rows(group: str, split: Split, count: int) -> list[Row]:
    """The questions of a table: no two the same, whatever their case and punctuation."""
    stream = rows(GROUPS[group], split, Random(f"{group} {split}"))
    found: dict[str, Row] = {}
    while len(found) < count:
        kind = next(stream).kind  # first, so that what is passed over leaves the shares alone
        row = next(r for r in stream if r.kind == kind and splits_of_both_cases(r) == {split})
        found.setdefault(plain(row.prompt), row)
    return list(found.values())


def splits_of_both_cases(row: Row) -> set[Split]:
    """To reverse "apple" and to reverse "Apple" are two contents, but one of them gives the other
    away: a table takes neither unless both are in its split.
    """
    if not row.spelled:
        return {split_of(*row.content)}
    kind, word = map(str, row.content)
    return {split_of(kind, word.lower()), split_of(kind, word.capitalize())}


def streams_of(split: Split, rng: Random) -> dict[str, Iterator[Row]]:
    return {group: rows(draw, split, rng) for group, draw in GROUPS.items()}


def plain(prompt: str) -> str:
    """A prompt without its case and its last punctuation, to tell repetitions by."""
    return prompt.casefold().rstrip("?.! ")
