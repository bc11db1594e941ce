"""What a client of Ollama may set under ``options``, and as ``keep_alive``, with Ollama's kinds."""

import re
from typing import Any

from homeward.errors import Rejected
from homeward.wire.fields import Fields

INTEGERS = (
    *("num_keep", "seed", "num_predict", "top_k", "repeat_last_n", "num_ctx", "num_batch"),
    *("num_gpu", "main_gpu", "num_thread", "draft_num_predict"),
)
NUMBERS = (
    *("temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty"),
    "frequency_penalty",
)
LARGEST = 2**53
UNLIMITED = ("num_predict", "seed")  # a number below 0 means what no number at all means
DURATION = re.compile(r"[+-]?(0|(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+")  # Go's ParseDuration


def read_options(fields: Fields) -> Fields:
    """Take ``options``; Rejected, in Ollama's words, where one is of a wrong kind.

    A number with a fraction is cut where an integer belongs, as Ollama cuts it. What is not known
    is left as it is: every version has other options.
    """
    options = fields.inner("options")
    said = options.rest
    for name in INTEGERS:
        if said.get(name) is not None:
            said[name] = int(_number(name, said[name], "integer"))
    for name in NUMBERS:
        if said.get(name) is not None:
            said[name] = float(_number(name, said[name], "float32"))
    if said.get("use_mmap") is not None and not isinstance(said["use_mmap"], bool):
        raise _wrong("use_mmap", "boolean")
    for name in UNLIMITED:
        if said.get(name, 0) is not None and said.get(name, 0) < 0:
            del said[name]
    return options


def read_logprobs(fields: Fields) -> int | None:
    """Take ``logprobs`` and ``top_logprobs``: alternatives per token, None for no logprobs."""
    wanted = fields.take("logprobs", bool)
    alternatives = fields.take("top_logprobs", int) or 0
    if not 0 <= alternatives <= 20:
        raise Rejected("top_logprobs must be between 0 and 20")
    return alternatives if wanted else None


def unloads(keep_alive: Any) -> bool:
    """Whether it asks to unload the model at once: no seconds, or a duration of none."""
    match keep_alive:
        case None:
            return False
        case bool():
            pass
        case int() | float():
            return keep_alive == 0
        case str() if DURATION.fullmatch(keep_alive):
            return not re.search("[1-9]", keep_alive)
    raise Rejected(
        f"`keep_alive` is {keep_alive!r}: say seconds, or a duration such as 10m; 0 unloads"
    )


def _number(name: str, value: Any, kind: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or abs(value) > LARGEST:
        raise _wrong(name, kind)
    return float(value)


def _wrong(name: str, kind: str) -> Rejected:
    return Rejected(f'option "{name}" must be of type {kind}')
