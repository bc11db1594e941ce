"""Which layers look at a sliding window, by architecture: what a file or a table leaves unsaid.

The periods and windows are those that llama.cpp supposes (``src/models/*.cpp``, load_arch_hparams),
under the architectures' GGUF names. What is not here attends to every token.
"""

from collections.abc import Sequence
from itertools import cycle, islice

from homeward.machine.shapes import Layer

PERIODS = {
    "afmoe": "WWWF",
    "cohere2": "WWWF",
    "cohere2moe": "FWWW",
    "exaone-moe": "WWWF",
    "exaone4": "WWWF",
    "gemma-embedding": "WWWWWF",
    "gemma2": "WF",
    "gemma3": "WWWWWF",
    "gemma3n": "WWWWF",
    "gemma4": "WWWWWF",
    "gpt-oss": "WF",
    "laguna": "FWWW",
    "llama4": "WWWF",
    "mellum": "WWWF",
    "modern-bert": "FWW",
    "olmo2": "WWWF",
    "plamo3": "WWWWWWWF",
    "smallthinker": "FWWW",
}

SUPPOSED = {
    "exaone-moe": 128,
    "exaone4": 4096,
    "gemma2": 4096,
    "llama4": 8192,
    "smallthinker": 4096,
}
"""Tokens of the window of a file that does not say it; without one here there is no window."""

USUAL = {
    **SUPPOSED,
    "cohere2": 4096,
    "gemma3": 1024,
    "gemma3n": 512,
    "gemma4": 1024,
    "gpt-oss": 128,
    "laguna": 512,
}
"""Tokens of the window of the published models; Gemma 3 1B and the small Gemma 4 have half."""

INTERVALS = {"minimax-01": 8, "qwen35": 4, "qwen35moe": 4, "qwen3next": 4}
"""One layer of so many has attention, the last of them; the rest are recurrent."""

RECURRENT = frozenset({"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"})
"""No layer of these has attention."""

SIDE_BY_SIDE = frozenset({"falcon-h1"})


def windowed(architecture: str, layers: int) -> str:
    """The period of such a model that has a window."""
    if architecture == "exaone4" and layers != 64:  # the 32B alone has one
        return "F"
    return PERIODS.get(architecture, "F")


def of_period(period: int, *, full_first: bool = False) -> str:
    """One full layer of ``period``, the last of them; 0 and 1 have none with a window, and all."""
    if period < 2:
        return "F" if period else "W"
    return "F" + "W" * (period - 1) if full_first else "W" * (period - 1) + "F"


def every(interval: int) -> str:
    """One layer of ``interval`` has attention, the last of them."""
    return "R" * (interval - 1) + "F"


def drawn_out(pattern: str, layers: int) -> list[Layer]:
    """A letter for each layer."""
    return [Layer(letter) for letter in islice(cycle(pattern), layers)]


def shortest(letters: Sequence[str]) -> str:
    """The shortest pattern that gives these letters when it is repeated."""
    whole = "".join(letters)
    for length in range(1, len(whole)):
        if all(whole[at] == whole[at % length] for at in range(length, len(whole))):
            return whole[:length]
    return whole or "F"
