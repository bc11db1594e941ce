"""A starting set as models of a configuration."""

from collections.abc import Sequence

from homeward.machine.estimate import Use
from homeward.machine.recommend.fetched_as import source
from homeward.machine.recommend.starting import Start


def nodes(members: Sequence[Start], use: Use, *, ollama: bool) -> dict[str, dict[str, object]]:
    """The models of a configuration, and a route ``auto`` over them.

    The context is written down: with a runtime's own default they might not fit.
    """
    found: dict[str, dict[str, object]] = {}
    for one in members:
        context = min(use.context, one.advice.context)
        if ollama:
            found[one.role] = {"ollama": {"model": one.advice.ollama, "num_ctx": context}}
        else:
            fields = {"model": source(one.advice, ollama=False), "context": context, "parallel": 1}
            found[one.role] = {"embedded": fields}
    roles = [role for role in ("general", "quick") if role in found]
    if "general" not in found:
        found["auto"] = {"fallback": [role for role in ("coder", "quick") if role in found]}
    elif "coder" in found:
        code = {"fallback": ["coder", *roles]}
        found["auto"] = {"router": {"by": "task", "code": code, "else": {"fallback": roles}}}
    else:
        found["auto"] = {"fallback": roles}
    return found
