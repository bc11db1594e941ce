"""The environment of an Ollama server, for a shell and for systemd."""

import shlex
from collections.abc import Mapping
from math import inf

from homeward.machine.fleet.plan import Plan
from homeward.machine.fleet.written.notes import told


def environment(plan: Plan) -> Mapping[str, str]:
    """Variables by name, those that are read by Ollama's ``envconfig/config.go``.

    The context is the longest of the set: a model with a shorter one needs its own ``num_ctx``.
    ``OLLAMA_KEEP_ALIVE`` is -1 (for ever) only where nobody takes turns: Ollama evicts whoever
    has the shortest, so that residents are told -1 by request, and the others keep the server's.
    """
    server, grouping = plan.settings.server, plan.settled_grouping
    largest = max((len(group) for group in grouping.groups), default=0)
    keep = inf if not grouping.groups else server.keep_alive
    found = {
        "OLLAMA_CONTEXT_LENGTH": str(max(member.context for member in plan.settled)),
        "OLLAMA_NUM_PARALLEL": str(max(member.use.parallel for member in plan.settled)),
        "OLLAMA_MAX_LOADED_MODELS": str(len(grouping.residents) + largest),
        "OLLAMA_KEEP_ALIVE": "-1" if keep == inf else f"{keep:g}s",
    }
    if server.kv != "f16":
        found["OLLAMA_KV_CACHE_TYPE"] = server.kv
    attention = all(member.use.flash_attention for member in plan.settled)
    found["OLLAMA_FLASH_ATTENTION"] = "1" if attention else "0"
    return found


def exports(plan: Plan) -> str:
    """For a shell: ``eval`` it, then start ``ollama serve``."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment(plan).items()]
    return told(plan) + "\n".join(lines) + "\n"


def drop_in(plan: Plan) -> str:
    """For systemd: /etc/systemd/system/ollama.service.d/fleet.conf, read after daemon-reload."""
    lines = [f'Environment="{name}={value}"' for name, value in environment(plan).items()]
    return told(plan) + "[Service]\n" + "\n".join(lines) + "\n"
