"""What is asked when no file says so: the routes made of what was found on this machine.

They are an ordinary configuration, as a mapping: ``homeward check --print`` shows it as YAML, to
be saved as ``homeward.yaml`` and changed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeward.box import MEMBERS
from homeward.model import Clearance

SPECIALISTS = ("arith", "code", "facts", "words")
RESERVED = frozenset({"auto", "council", "demo", *(f"box/{name}" for name in MEMBERS)})
"""Names that what was found cannot have."""

COUNCIL = 3  # most of a vote's gain comes with three to five members (GSM8K, seven models)

NOTICE_MODEL = "notice"
NOTICE = (
    "I can't answer that. I am a set of tiny demonstration models: I know sums, small Python "
    "functions, a few facts and word puzzles. For a real model start Ollama or another local "
    "server, or run `homeward pull Qwen/Qwen3-4B-GGUF`, and ask again."
)


@dataclass(frozen=True)
class Local:
    """A model that was found. ``node`` is its configuration; ``size`` is in bytes.

    It is in the network, and not on this machine, where ``OLLAMA_HOST`` says so.
    """

    name: str
    node: Mapping[str, Any]
    size: int = 0
    where: Clearance = Clearance.MACHINE

    @property
    def family(self) -> str:
        """The letters that its name begins with: quantisations of one model are one voice."""
        stem = self.name.rsplit("/", 1)[-1].lower()
        match = re.match(r"[a-z]+", stem)
        return match.group() if match else stem

    @property
    def codes(self) -> bool:
        return bool(re.search(r"code|devstral", self.name, re.IGNORECASE))


def default_config(found: Sequence[Local]) -> dict[str, Any]:
    """Routes ``auto`` and ``council`` over what was found; over the box alone if nothing was."""
    models: dict[str, Any] = {f"box/{name}": _embedded(name) for name in MEMBERS}
    box = _box_routes()
    if not found:
        return {"models": models | box, "default": "auto", "clearance": "machine"}
    ranked = sorted(found, key=lambda local: -local.size)
    models |= {local.name: dict(local.node) for local in ranked}
    models |= {"demo": box["auto"], "auto": _auto(ranked), "council": _council(ranked)}
    farthest = max(local.where for local in found)
    return {"models": models, "default": "auto", "clearance": farthest.name.lower()}


def _embedded(name: str) -> dict[str, Any]:
    return {"embedded": {"model": f"box/{name}"}}


def _box_routes() -> dict[str, Any]:
    """The first two that agree, of the specialist, the draft and the generalist."""
    kinds = {"arith": "number", "code": "code", "facts": "label", "words": "label"}
    notice = {"scripted": {"says": NOTICE, "model": NOTICE_MODEL}}
    by_domain = {
        name: {
            "ensemble": {
                "models": [f"box/{name}", "box/draft", "box/general"],
                "merge": {"vote": {"type": kinds[name], "first_to": 2, "else": notice}},
            }
        }
        for name in SPECIALISTS
    }
    auto = {"router": {"by": "box", **by_domain, "else": notice}}
    council = {
        "ensemble": {
            "models": [f"box/{name}" for name in (*SPECIALISTS, "general", "draft")],
            "merge": {"vote": {"type": "label", "else": notice}},
        }
    }
    return {"auto": auto, "council": council}


def _auto(ranked: Sequence[Local]) -> dict[str, Any]:
    """The largest answers, a coder answers code, and the next in size stands in for either.

    The demonstration models do not: where all fail, why they did is of more use than a toy's word.
    """
    rest: dict[str, Any] = {"fallback": [local.name for local in ranked]}
    coder = next((local for local in ranked if local.codes), None)
    if coder is None or len(ranked) == 1:
        return rest
    others = [local.name for local in ranked if not local.codes]
    if not others:
        return rest
    first = {"fallback": [coder.name, *others]}
    return {"router": {"by": "task", "code": first, "else": {"fallback": [*others, coder.name]}}}


def _council(ranked: Sequence[Local]) -> dict[str, Any]:
    """One of each family, asked one after another; the largest reads them and answers."""
    families: dict[str, Local] = {}
    for local in ranked:
        families.setdefault(local.family, local)
    members = [local.name for local in families.values()][:COUNCIL]
    if len(members) == 1:
        return {"fallback": [local.name for local in ranked]}
    judge = {"fuse": {"judge": members[0]}}
    return {"ensemble": {"models": members, "merge": judge, "at_once": 1}}
