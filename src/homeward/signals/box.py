"""Box: which of the models in the package, if any, was made for a question."""

from dataclasses import dataclass

from homeward.box.router import domain
from homeward.model import Request
from homeward.reading import Reading


@dataclass(frozen=True)
class Box:
    """Labels ``arith``, ``code``, ``facts`` and ``words``; abstains outside all four.

    ``score`` is the classifier's probability, 0 to 1. How often it is right, and how often it
    knows that a question is none of the four, is measured in models/README.md.
    """

    async def __call__(self, request: Request) -> Reading:
        label, probability = domain(request.prompt)
        if label == "none":
            return Reading(score=probability, because="outside what the box was made for")
        return Reading(label=label, score=probability, because=f"{label}, p = {probability:.2f}")
