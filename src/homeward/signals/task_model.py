"""A small linear classifier of tasks: words and pairs of words, multinomial logistic.

It needs the standard library and a fraction of a millisecond. `models/train_task.py` makes the
weights in task_model.json, of prompts that a grammar writes; docs/signals.md has how good it is.
"""

import base64
import json
import math
import re
import sys
from array import array
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple
from zlib import compress, crc32, decompress

_TOKEN = re.compile(rb"[a-z\x80-\xff]+|[0-9]+|[!-/:-@\[-`{-~]")
"""Words, numbers and signs, of UTF-8: all that is not ASCII is taken for letters."""
_PAIR = 1_000_003  # a prime: what a pair is hashed to has nothing to do with its words
_BITS = 0xFFFFFFFF
_FIRST, _LAST = crc32(b"^"), crc32(b"$")
_NUMERALS = {length: b"#%d" % length for length in range(1, 5)}
"""Numbers are told apart by their length only."""
_MOST = 240  # tokens: what is wanted stands at one of the ends


class Weights(NamedTuple):
    tasks: Sequence[str]
    known: Mapping[int, int]
    """The place of a feature by its hash. One that training has not seen often says nothing."""
    values: "Sequence[array[int]]"
    """For each task a signed byte per feature."""
    scale: float
    """What a byte of 1 stands for."""
    bias: Sequence[float]


def probabilities(prompt: str, weights: Weights | None = None) -> Mapping[str, float]:
    """How likely each task is, 0 to 1, of a prompt in lower case."""
    trained = weights or shipped()
    places = [trained.known[one] for one in features(prompt) if one in trained.known]
    pick = itemgetter(*places, 0, 0)  # one place alone would not give a tuple; 0 is all zeros
    totals = [
        bias + trained.scale * sum(pick(values))
        for bias, values in zip(trained.bias, trained.values, strict=True)
    ]
    highest = max(totals)
    shares = [math.exp(total - highest) for total in totals]
    whole = sum(shares)
    return {task: share / whole for task, share in zip(trained.tasks, shares, strict=True)}


def features(prompt: str) -> set[int]:
    """CRC-32, the same in every process, of words, of pairs of neighbours and of the shape."""
    tokens = _TOKEN.findall(prompt.encode(errors="replace"))
    if len(tokens) > _MOST:
        tokens = [*tokens[: _MOST // 2], *tokens[-_MOST // 2 :]]
    words = [crc32(_NUMERALS.get(len(one), b"#5") if one.isdigit() else one) for one in tokens]
    edged = [_FIRST, *words, _LAST]
    found = set(words)
    found.update((left * _PAIR + right) & _BITS for left, right in pairwise(edged))
    found.update(crc32(fact.encode()) for fact in _shape(prompt, tokens))
    return found


def _shape(prompt: str, tokens: Sequence[bytes]) -> list[str]:
    numbers = sum(token.isdigit() for token in tokens)
    return [
        f"=tokens {min(len(tokens), 200).bit_length()}",
        f"=numbers {min(numbers, 4)}",
        f"=lines {min(prompt.count(chr(10)), 3)}",
        f"=asks {prompt.endswith('?')}",
    ]


def packed(weights: Weights) -> str:
    """As JSON, the arrays compressed and little-endian."""
    hashes = array("I", sorted(weights.known, key=weights.known.__getitem__))
    if sys.byteorder == "big":
        hashes.byteswap()
    content = {
        "tasks": list(weights.tasks),
        "scale": weights.scale,
        "bias": list(weights.bias),
        "features": _text(hashes.tobytes()),
        "weights": _text(b"".join(values.tobytes() for values in weights.values)),
    }
    return json.dumps(content) + "\n"


@cache
def shipped() -> Weights:
    """The weights in task_model.json, read once, when first needed."""
    content = json.loads((Path(__file__).parent / "task_model.json").read_text())
    hashes = array("I", _bytes(content["features"]))
    if sys.byteorder == "big":
        hashes.byteswap()
    flat = array("b", _bytes(content["weights"]))
    values = [flat[start : start + len(hashes)] for start in range(0, len(flat), len(hashes))]
    known = {one: place for place, one in enumerate(hashes)}
    return Weights(content["tasks"], known, values, content["scale"], content["bias"])


def _text(content: bytes) -> str:
    return base64.b64encode(compress(content, 9)).decode()


def _bytes(text: str) -> bytes:
    return decompress(base64.b64decode(text))
