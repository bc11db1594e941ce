"""Which member of the box can answer a prompt, if any: a small linear classifier.

The features are the words of the prompt, its pairs of neighbouring words and a few facts about its
shape, hashed into buckets; each bucket has one weight per class. It needs a tenth of a millisecond
and the standard library. `models/train_router.py` makes the weights in router.json.
"""

import base64
import json
import math
import re
from array import array
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from zlib import crc32

CLASSES = ("arith", "code", "facts", "words", "none")
BUCKETS = 8192
LONGEST = 60
"""Words. No question the box was trained on is nearly as long."""
MOST_CHARACTERS = 4_000
TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+|[^\w\s]|_")
OPERATORS = frozenset("+-*/x^%=")


@dataclass(frozen=True, slots=True)
class Weights:
    values: "array[int]"
    """BUCKETS times one weight per class, as signed bytes."""
    scale: float
    """What a weight of 1 stands for."""
    bias: tuple[float, ...]
    threshold: float
    """A domain that is less probable than this is "none"."""


def domain(prompt: str) -> tuple[str, float]:
    """Says "arith", "code", "facts", "words" or "none", and how probable that is."""
    return decide(prompt, shipped())


def decide(prompt: str, weights: Weights) -> tuple[str, float]:
    if len(prompt) > MOST_CHARACTERS or len(prompt.split()) > LONGEST:
        return "none", 1.0
    probabilities = probabilities_of(prompt, weights)
    best = max(probabilities, key=probabilities.__getitem__)
    if best != "none" and probabilities[best] < weights.threshold:
        return "none", 1 - probabilities[best]
    return best, probabilities[best]


def probabilities_of(prompt: str, weights: Weights) -> dict[str, float]:
    totals = list(weights.bias)
    width = len(CLASSES)
    for bucket in buckets(prompt):
        start = bucket * width
        for position in range(width):
            totals[position] += weights.scale * weights.values[start + position]
    highest = max(totals)
    shares = [math.exp(total - highest) for total in totals]
    return {name: share / sum(shares) for name, share in zip(CLASSES, shares, strict=True)}


def buckets(prompt: str) -> set[int]:
    """CRC-32 is the same in every process, which Python's own hash is not.

    A terminal's bytes that are no UTF-8 arrive as lone surrogates; they are features like others.
    """
    return {crc32(feature.encode(errors="surrogatepass")) % BUCKETS for feature in features(prompt)}


def features(prompt: str) -> set[str]:
    words = [standing_for(token) for token in TOKEN.findall(prompt.casefold())]
    edged = ["^", *words, "$"]
    pairs = {f"{left} {right}" for left, right in pairwise(edged)}
    return {*words, *pairs, *shape(prompt, words)}


def standing_for(token: str) -> str:
    """Numbers are told apart by their length only: the box adds three digits, and not four."""
    if not token[0].isdigit():
        return token
    return "#fraction" if "." in token else f"#{min(len(token), 4)}"


def shape(prompt: str, words: list[str]) -> set[str]:
    """How long it is, how many numbers, operators, lines and sentences it has."""
    numbers = sum(word.startswith("#") for word in words)
    operators = [word for word in words if word in OPERATORS]
    sentences = len(re.findall(r"[.?!](?:\s|$)", prompt))
    return {
        f"=length {min(len(words), 40) // 4}",
        f"=numbers {min(numbers, 4)}",
        f"=operators {min(len(operators), 3)}",
        f"=sentences {min(sentences, 4)}",
        f"=lines {min(prompt.strip().count(chr(10)), 2)}",
    }


@cache
def shipped() -> Weights:
    """The weights in router.json, read once, when first needed."""
    content = json.loads((Path(__file__).parent / "router.json").read_text())
    values = array("b", base64.b64decode(content["weights"]))
    return Weights(values, content["scale"], tuple(content["bias"]), content["threshold"])
