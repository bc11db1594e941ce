"""From a model's name, as people and registries write it, to its row in the catalogue.

A name may be plain (``Llama-3.1-8B``), a tag of Ollama's (``llama3.1:8b-instruct-q4_K_M``), a
repository (``meta-llama/Llama-3.1-8B-Instruct``, ``bartowski/...-GGUF``) or the name of a file.
Case and the separators ``-``, ``_``, ``:`` and blank make no difference.
"""

import re
from collections.abc import Iterator
from functools import cache

import msgspec

from homeward.errors import ModelMissing
from homeward.machine.catalogue.entry import Entry
from homeward.machine.catalogue.catalogue import entries

CONVERTERS = frozenset(
    "bartowski dranger003 ggml-org library lmstudio-community maziyarpanahi mlx-community mradermacher "
    "nousresearch quantfactory redhatai second-state thebloke unsloth".split()
)
"""Who publishes other people's models under their own name: whose name says nothing."""

QUANT = re.compile(
    r"(?:^|[-_.:/ ])((?:ud-)?(?:i?q[1-8](?:_[01]|_k|_nl|_xxs|_xs|_s|_m)(?:_(?:xxs|xs|s|m|l|xl))?"
    r"|q8_0|tq[12]_0|mxfp4(?:_moe)?|nvfp4|bf16|fp16|f16|fp32|f32))$",
    re.IGNORECASE,
)
ANSWERS = frozenset("instruct it chat hf".split())  # of a model that was taught to answer
BASE = frozenset("base text pt".split())
PACKAGING = frozenset("gguf mlx qat bnb 4bit 8bit 6bit i1 imat latest dynamic fp8 awq gptq".split())


class Named(msgspec.Struct, frozen=True):
    """``quant`` is as llama.cpp writes it, where the name has one."""

    entry: Entry
    quant: str | None = None


def find(name: str) -> Entry:
    """The model of that name; `ModelMissing` names up to five near ones."""
    return parse(name).entry


def parse(name: str) -> Named:
    """The model and the quantisation of that name; `ModelMissing` names up to five near ones."""
    text, quant = _split(name)
    for each in _keys(text):
        if found := _index().get(each):
            return Named(found, quant)
    tokens = _loose(text).split("-")
    if tokens[-1] in BASE and (found := _found("-".join(tokens[:-1]))):
        return Named(_as_base(found, name), quant)
    if found := _found("-".join(tokens)):
        return Named(found, quant)
    raise ModelMissing(f"the catalogue has no model {name!r}{_near(text)}")


def _split(name: str) -> tuple[str, str | None]:
    text = name.strip()
    if text.lower().endswith(".gguf"):
        text = re.sub(r"-\d{5}-of-\d{5}$", "", re.split(r"[/\\]", text)[-1][: -len(".gguf")])
    text = re.sub(r"^(?:https?://)?(?:hf\.co|huggingface\.co|ollama\.com)/", "", text, flags=re.I)
    found = QUANT.search(text)
    if found is None or found.start() == 0:
        return text, None
    quant = (
        found[1].upper().replace("FP", "F") if found[1][:2].lower() == "fp" else found[1].upper()
    )
    return text[: found.start()], quant


def _keys(text: str) -> Iterator[str]:
    """With its publisher, then without one that says nothing."""
    yield key(text)
    publisher, slash, rest = text.partition("/")
    if not slash:
        publisher, slash, rest = text.partition("_")  # a file's name: google_gemma-3-1b-it
    if slash and (publisher.lower() in CONVERTERS or publisher.lower() in _publishers()):
        yield key(rest)


def key(name: str) -> str:
    """What makes no difference made equal: case, and what stands between the parts."""
    return "-".join(name.lower().replace("_", " ").replace(":", " ").replace("-", " ").split())


def _loose(text: str) -> str:
    """Without publisher, packaging and what says that it answers."""
    *_, bare = _keys(text)
    left = [each for each in bare.split("-") if each not in PACKAGING | ANSWERS]
    return "-".join(left)


def _found(wanted: str) -> Entry | None:
    return _index().get(wanted) or _loosely().get(wanted)


def names(entry: Entry) -> Iterator[str]:
    """All that it is called, but for its base models."""
    yield entry.name
    for full in (entry.repository, *entry.gguf):
        yield full
    yield from entry.aliases
    yield from entry.ollama


@cache
def _index() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entry in entries():
        for name in names(entry):
            found.setdefault(key(name), entry)
    for entry in entries():
        for name in entry.base:
            found.setdefault(key(name), _as_base(entry, name))
    return found


@cache
def _loosely() -> dict[str, Entry]:
    """Names without their publisher and endings. The first row of a name has it."""
    found: dict[str, Entry] = {}
    for entry in entries():
        for name in names(entry):
            found.setdefault(_loose(name), entry)
    return found


@cache
def _publishers() -> frozenset[str]:
    return frozenset(entry.repository.partition("/")[0].lower() for entry in entries())


def _as_base(entry: Entry, name: str) -> Entry:
    return msgspec.structs.replace(
        entry, name=name.rpartition("/")[2], kind="base", ollama=(), gguf=(), tasks={}, evidence=()
    )


def _near(text: str) -> str:
    from difflib import get_close_matches

    known: dict[str, str] = {}
    for entry in entries():
        for each in (*entry.ollama[::-1], entry.name):
            known[_loose(each)] = each
    near = list(dict.fromkeys(known[each] for each in get_close_matches(_loose(text), known, 5, 0.5)))
    if not near:
        return "; name a file, a repository or another model, or give its shapes with --arch"
    return f"; near ones are {', '.join(near)}"
