"""A plan written down for a runtime. Text, and the same for the same plan."""

from collections.abc import Callable, Mapping

from homeward.machine.fleet.plan import Plan
from homeward.machine.fleet.written.llama_swap import llama_swap
from homeward.machine.fleet.written.nodes import nodes
from homeward.machine.fleet.written.ollama import drop_in, environment, exports

__all__ = ["FORMS", "drop_in", "environment", "exports", "llama_swap", "nodes"]

FORMS: Mapping[str, Callable[[Plan], str]] = {
    "ollama": exports,
    "systemd": drop_in,
    "llama-swap": llama_swap,
    "homeward": nodes,
}
"""By the word that stands behind ``--write``."""
