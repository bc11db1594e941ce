"""From a model's name, as people and registries write it, to its row in the catalogue.

A name may be plain (``Llama-3.1-8B``), a tag of Ollama's (``llama3.1:8b-instruct-q4_K_M``), a
repository (``meta-llama/Llama-3.1-8B-Instruct``, ``bartowski/...-GGUF``) or the name of a file.
Case, and ``-``, ``_``, ``:`` and blanks between its parts, make no difference.
"""

import re
from collections.abc import Iterator
from functools import cache

import msgspec

from homeward.errors import ModelMissing
from homeward.machine.catalogue.catalogue import entries
from homeward.machine.catalogue.entry import Entry

CONVERTERS = frozenset(
    {
        "bartowski",
        "dranger003",
        "ggml-org",
        "gpustack",
        "library",
        "lmstudio-community",
        "maziyarpanahi",
        "mlx-community",
        "mradermacher",
        "nousresearch",
        "quantfactory",
        "redhatai",
        "second-state",
        "thebloke",
        "unsloth",
    }
)
"""Who publishes other people's models under their own names: whose name tells no model apart."""

QUANT = re.compile(
    r"[-_.:/ ]((?:ud-)?(?:i?q[1-8](?:_[01]|_k|_nl|_xxs|_xs|_s|_m)(?:_(?:xxs|xs|s|m|l|xl))?"
    r"|tq[12]_0|mxfp4(?:_moe)?|nvfp4|bf16|fp16|f16|fp32|f32))$",
    re.IGNORECASE,
)
ADDRESS = re.compile(
    r"^(?:https?://)?(?:(?:www\.)?(?:hf\.co|huggingface\.co|ollama\.com)|registry\.ollama\.ai)/",
    re.IGNORECASE,
)
ANSWERS = frozenset({"instruct", "it", "chat", "hf"})  # was taught to answer
BASE = frozenset({"base", "text", "pt"})
PACKAGING = re.compile(
    r"gguf|mlx|qat|bnb|[2-8]bit|int[48]|i1|imat|latest|dynamic|(?:mx)?fp8|awq|gptq"
)
"""What says how the weights are kept, and not which they are."""


class Named(msgspec.Struct, frozen=True):
    """``quant`` is as llama.cpp writes it, where the name has one."""

    entry: Entry
    quant: str | None = None


def find(name: str) -> Entry:
    """The model of that name; `ModelMissing` names up to five near ones.

    A tag of Ollama's means what Ollama would pull: ``deepseek-r1`` is one of 8 billion parameters.
    The name of a base model finds the row of its shapes with the kind ``base``.
    """
    return parse(name).entry


def parse(name: str) -> Named:
    """The model and the quantisation of that name; `ModelMissing` names up to five near ones."""
    text, quant = _split(name)
    for each in _ways(text):
        if found := _index().get(key(each)):
            return Named(found, quant)
    tokens = _tokens(text)
    if found := _loosely().get("".join(tokens)) or _tagged(text):
        return Named(found, quant)
    if tokens and tokens[-1] in BASE and (found := _loosely().get("".join(tokens[:-1]))):
        return Named(_as_base(found, name), quant)
    raise ModelMissing(f"the catalogue has no model {name!r}{_near(text)}")


def _tagged(text: str) -> Entry | None:
    """A tag that goes on with words of its model's name: ``deepseek-coder-v2:16b-lite-instruct``.

    Words that are not of it may tell another model, so there is none then.
    """
    head, mark, tail = _without_publisher(text).lower().partition(":")
    parts = tail.split("-") if mark else []
    for count in range(len(parts) - 1, 0, -1):
        entry = _index().get(key(f"{head}:{'-'.join(parts[:count])}"))
        if entry is None:
            continue
        rest = [each for each in parts[count:] if each not in ANSWERS]
        base = bool(rest) and rest[-1] in BASE
        known = {*_tokens(entry.name), *_tokens(entry.repository)}
        if all(each in known or PACKAGING.fullmatch(each) for each in rest[: len(rest) - base]):
            return _as_base(entry, text) if base else entry
    return None


def key(name: str) -> str:
    """What makes no difference made equal."""
    return re.sub(r"[-_:\s]+", "", name.lower())


def names(entry: Entry) -> Iterator[str]:
    """All that it is called, but for its base models."""
    yield entry.name
    yield entry.repository
    yield from entry.gguf
    yield from entry.aliases
    yield from entry.ollama


def _split(name: str) -> tuple[str, str | None]:
    """Without the address, the file's ending and the quantisation; and that."""
    text = ADDRESS.sub("", name.strip())
    text = re.sub(r"\s*\((base|pt)\)", r"-\1", text, flags=re.IGNORECASE)
    text = re.sub(r"\s*\([^()]*\)", "", text) or text  # Qwen3.5-9B(text): a part of it
    if text.lower().endswith(".gguf"):
        text = re.split(r"[/\\]", text)[-1][: -len(".gguf")]
        text = re.sub(r"-\d{5}-of-\d{5}$", "", text)
    quant = None
    while found := QUANT.search(text):
        text, quant = text[: found.start()], found[1].upper()
    if quant in ("FP16", "FP32"):
        quant = quant.replace("FP", "F")
    return re.sub(r"\.i1$", "", text), quant


def _ways(text: str) -> Iterator[str]:
    """With its publisher, then without one whose name tells no model apart."""
    yield text
    bare = _without_publisher(text)
    if bare != text:
        yield bare


def _without_publisher(text: str) -> str:
    for mark in "/_":  # a file is called google_gemma-3-1b-it
        publisher, found, rest = text.partition(mark)
        if found and (publisher.lower() in CONVERTERS or publisher.lower() in _publishers()):
            return _without_publisher(rest)
    return text


def _tokens(text: str) -> list[str]:
    """Without publisher, packaging and what says that it answers."""
    parts = re.split(r"[-_:\s]+", _without_publisher(text).lower())
    return [each for each in parts if each not in ANSWERS and not PACKAGING.fullmatch(each)]


@cache
def _index() -> dict[str, Entry]:
    """Full names first, then repositories without their publisher, base models last."""
    found: dict[str, Entry] = {}
    for entry in entries():
        for name in names(entry):
            found.setdefault(key(name), entry)
    for entry in entries():
        for name in (entry.repository, *entry.gguf):
            found.setdefault(key(name.rpartition("/")[2]), entry)
    for entry in entries():
        for name in entry.base:
            base = _as_base(entry, name)
            found.setdefault(key(name), base)
            found.setdefault(key(base.name), base)
    return found


@cache
def _loosely() -> dict[str, Entry]:
    """By what is left of the names. Where two models have that, the first row has it."""
    found: dict[str, Entry] = {}
    for entry in entries():
        for name in names(entry):
            found.setdefault("".join(_tokens(name)), entry)
    return found


@cache
def _publishers() -> frozenset[str]:
    return frozenset(entry.repository.partition("/")[0].lower() for entry in entries())


def _as_base(entry: Entry, name: str) -> Entry:
    called = name.rpartition("/")[2]
    return msgspec.structs.replace(
        entry, name=called, kind="base", ollama=(), gguf=(), tasks={}, evidence=()
    )


def _near(text: str) -> str:
    from difflib import get_close_matches

    known = {"-".join(_tokens(entry.name)): entry.name for entry in entries()}
    tags = {tag.lower(): tag for entry in entries() for tag in entry.ollama}
    found = [known[each] for each in get_close_matches("-".join(_tokens(text)), known, 5, 0.6)]
    if ":" in text or not found:
        found = [tags[each] for each in get_close_matches(text.lower(), tags, 5, 0.6)] or found
    if not found:
        return "; name a file, a repository or another model, or give its shapes with --arch"
    return f"; near ones are {', '.join(found)}"
