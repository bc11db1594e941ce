"""A model's name as clients of Ollama say it: in any case, with a tag, with its hub before it."""

from collections.abc import Iterable

HUBS = ("hf.co/", "huggingface.co/")
BEFORE = ("https://", *HUBS, "registry.ollama.ai/", "library/")  # in this order, each or not


def alike(names: Iterable[str], asked: str) -> str:
    """The one of ``names`` that Ollama would take ``asked`` for; empty where there is none."""
    wanted = folded(asked)
    return next((name for name in names if folded(name) == wanted), "")


def folded(name: str) -> str:
    """Equal for all ways to say a name."""
    name = name.lower()
    for before in BEFORE:
        name = name.removeprefix(before)
    return name.removesuffix(":latest")
