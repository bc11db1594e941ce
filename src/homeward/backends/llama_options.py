"""How llama.cpp draws tokens where a request does not say: the options of an embedded model."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from homeward.errors import ConfigError

KINDS: Mapping[str, type] = {
    "temperature": float,
    "top_p": float,
    "top_k": int,
    "min_p": float,
    "typical_p": float,
    "seed": int,
    "stop": list,
    "max_tokens": int,
    "repeat_penalty": float,
    "repeat_last_n": int,
    "presence_penalty": float,
    "frequency_penalty": float,
}
"""By the names that llama.cpp's server reads in a request (its tools/server/README.md)."""


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """The same; ConfigError for a name that there is not, and for a value of the wrong kind."""
    for name, value in options.items():
        kind = KINDS.get(name)
        if kind is None:
            near = get_close_matches(name, KINDS, 1)
            known = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)}"
            raise ConfigError(f"`options` has no {name!r}; {known}")
        if not _fits(value, kind):
            word = {float: "a number", int: "a whole number", list: "a list of texts"}[kind]
            raise ConfigError(f"`{name}` of `options` is {value!r}: say {word}")
    return dict(options)


def _fits(value: Any, kind: type) -> bool:
    if kind is list:
        return isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)
    numbers = (int, float) if kind is float else (int,)
    return isinstance(value, numbers) and not isinstance(value, bool)


def beneath(body: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """A request's body with the options that it does not say itself."""
    limit = {"max_tokens", "n_predict"}  # one thing: a middle's limit goes by llama.cpp's own name
    said = limit if limit & body.keys() else frozenset[str]()
    return {**{name: value for name, value in options.items() if name not in said}, **body}
