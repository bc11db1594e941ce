"""How an Ollama server is set up: what its environment says, and what it does where it is silent.

As its ``envconfig/config.go`` reads it (see `homeward.machine.fleet.rules` for the release).
"""

import re
from collections.abc import Mapping
from math import inf

from msgspec import Struct

from homeward.machine.fleet.rules import LIBRARIES, OLLAMA_RULES, OllamaRules
from homeward.machine.hardware import Gpu, Hardware
from homeward.machine.shapes import Shapes

_DURATION = re.compile(r"([-+]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+")
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


class Server(Struct, frozen=True, kw_only=True):
    """Where a number is 0 and a flag None, Ollama decides.

    ``context`` is of each slot, in tokens; ``keep_alive`` in seconds, infinite for ever.
    """

    context: int = 0
    parallel: int = OLLAMA_RULES.parallel
    keep_alive: float = OLLAMA_RULES.keep_alive
    most: int = 0  # models that are loaded at once
    kv: str = "f16"
    spread: bool = False
    flash_attention: bool | None = None
    integrated: bool | None = None
    overhead: int = 0  # bytes that are set aside on each GPU

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Server":
        """What the environment of a server says; what it cannot read counts as not said."""

        def said(name: str) -> str:
            return environ.get(f"OLLAMA_{name}", "").strip().strip("\"'")

        return cls(
            context=_natural(said("CONTEXT_LENGTH"), 0),
            parallel=max(1, _natural(said("NUM_PARALLEL"), OLLAMA_RULES.parallel)),
            keep_alive=_seconds(said("KEEP_ALIVE"), OLLAMA_RULES.keep_alive),
            most=_natural(said("MAX_LOADED_MODELS"), 0),
            kv=said("KV_CACHE_TYPE").lower() or "f16",
            spread=_flag(said("SCHED_SPREAD")) or False,
            flash_attention=_flag(said("FLASH_ATTENTION")),
            integrated=_flag(said("IGPU_ENABLE")),
            overhead=_natural(said("GPU_OVERHEAD"), 0),
        )

    def sees(self, hardware: Hardware, rules: OllamaRules = OLLAMA_RULES) -> tuple[int, ...]:
        """The GPUs it uses, by their number."""
        return tuple(number for number, gpu in enumerate(hardware.gpus) if self._uses(gpu, rules))

    def _uses(self, gpu: Gpu, rules: OllamaRules) -> bool:
        if not is_integrated(gpu):
            return True
        if self.integrated is not None:
            return self.integrated
        library = LIBRARIES.get(gpu.vendor)
        return library == "CUDA" or (library == "ROCm" and gpu.architecture in rules.integrated)

    def window(self, hardware: Hardware, shapes: Shapes, rules: OllamaRules = OLLAMA_RULES) -> int:
        """Tokens of a slot where nobody asks for another number: by the VRAM there is."""
        context = self.context
        if not context:
            gpus = [hardware.gpus[number] for number in self.sees(hardware, rules)]
            total = sum(gpu.total - self.overhead for gpu in gpus)
            context = next(tokens for least, tokens in rules.contexts if total >= least)
        return min(context, shapes.context) if shapes.context else context

    def slots(
        self, shapes: Shapes, *, embeds: bool = False, rules: OllamaRules = OLLAMA_RULES
    ) -> int:
        """How many requests a model answers at once."""
        return 1 if embeds or shapes.architecture in rules.one_slot else self.parallel


def is_integrated(gpu: Gpu) -> bool:
    """Whether Ollama takes main memory for its limit; Apple's it sees as GPUs with their own."""
    return (gpu.integrated or gpu.unified) and gpu.vendor != "apple"


def _natural(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() else default


def _flag(text: str) -> bool | None:
    """What is no truth value counts as true there."""
    if not text:
        return None
    return text not in _FALSE


def _seconds(text: str, default: float) -> float:
    """A duration of Go's, or a number of seconds; negative for ever."""
    seconds = default
    if re.fullmatch(r"[-+]?\d+", text):
        seconds = float(text)
    elif _DURATION.fullmatch(text):
        sign = -1.0 if text.startswith("-") else 1.0
        seconds = sign * sum(float(n) * _SECONDS[unit] for n, unit in _PART.findall(text))
    return inf if seconds < 0 else seconds
