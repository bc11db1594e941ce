"""Six tiny language models that come with the package, so that everything works before a download.

They are demonstration models: models/README.md in the repository is their card.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Member:
    parameters: int
    context: int = 256
    """Tokens, question and answer together (`n_ctx`)."""
    longest_answer: int = 120
    """Tokens (`max_tokens`); an answer that is longer has gone astray."""


MEMBERS: dict[str, Member] = {
    "arith": Member(parameters=1_312_384),
    "code": Member(parameters=1_312_384),
    "facts": Member(parameters=1_312_384),
    "words": Member(parameters=1_312_384),
    "general": Member(parameters=4_984_064),
    "draft": Member(parameters=262_720),
}


def path(name: str) -> Path:
    """The GGUF file of a member."""
    if name not in MEMBERS:
        raise ValueError(f"there is no {name!r} in the box; it has {', '.join(MEMBERS)}")
    return Path(__file__).parent / f"{name}.gguf"
