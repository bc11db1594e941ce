"""Ollama's rules about what is loaded beside what, as data: they change with its releases.

Read in ``server/sched.go`` (processPending, load, selectLlamaServerPlacement),
``llm/llama_server.go`` (PredictServerVRAM), ``server/routes.go`` (the default context),
``envconfig/config.go`` and ``discover/runner.go`` of the release that is named.
"""

from collections.abc import Mapping

from msgspec import Struct

from homeward.machine.shapes import Shapes
from homeward.machine.sizes import GIB, MIB


class Batch(Struct, frozen=True, kw_only=True):
    """``tokens`` are computed at a time where the context is longer than ``above``.

    It is taken where the prediction is at most ``headroom`` per cent of what is available, and
    with ``surcharge`` bytes still below the threshold of admission.
    """

    above: int
    tokens: int
    headroom: int
    surcharge: int


class OllamaRules(Struct, frozen=True, kw_only=True):
    """``percent`` of what is available is what an additional model may be predicted to take."""

    release: str
    commit: str
    percent: int
    per_device: int  # models, for each GPU; for one where there is none
    contexts: tuple[tuple[int, int], ...]  # from so many bytes of VRAM on, so many tokens
    batches: tuple[Batch, ...]  # the largest first
    small: int  # bytes: on such a GPU without flash attention, half the tokens at a time
    keep_alive: float  # seconds
    parallel: int
    one_slot: frozenset[str]  # architectures that answer one at a time
    integrated: frozenset[str]  # architectures of AMD whose integrated GPU is used
    margin: int  # bytes that llama.cpp leaves free on each GPU (common/fit.cpp)


OLLAMA_RULES = OllamaRules(
    release="0.32.15",
    commit="b7871fc0d1d82fe109536efa3e0e8e411c766c75",
    percent=80,
    per_device=3,
    contexts=((47 * GIB, 262144), (23 * GIB, 32768), (0, 4096)),
    batches=(
        Batch(above=32768, tokens=2048, headroom=60, surcharge=2 * GIB),
        Batch(above=4096, tokens=1024, headroom=75, surcharge=768 * MIB),
        Batch(above=0, tokens=512, headroom=100, surcharge=0),
    ),
    small=8 * GIB,
    keep_alive=300.0,
    parallel=1,
    one_slot=frozenset(
        {
            *("mllama", "qwen3vl", "qwen3vlmoe", "qwen35", "qwen35moe", "qwen3next", "lfm2"),
            *("lfm2moe", "nemotron_h", "nemotron_h_moe", "nemotron_h_omni"),
        }
    ),
    integrated=frozenset({"gfx1151"}),
    margin=GIB,
)

LIBRARIES: Mapping[str, str] = {"nvidia": "CUDA", "amd": "ROCm", "apple": "Metal"}
"""What Ollama computes with, by the vendor of the GPU; Vulkan for the others."""

ONE_NUMBER = frozenset({"qwen35", "qwen35moe", "qwen3next"})
"""Hybrid architectures whose files give one number of KV heads; others give 0 where none are."""


def predicted(shapes: Shapes, size: int, context: int) -> int:
    """What Ollama predicts that a model takes, in bytes, with so many tokens in all slots.

    The file, and a cache of 16 bits as if each layer were one of full attention with the least
    number of KV heads: no sliding window, no latent attention, no other type of cache.
    """
    head = shapes.hidden // shapes.heads if shapes.heads else 0
    return size + 2 * shapes.layers * _least_kv_heads(shapes) * head * context * 2


def _least_kv_heads(shapes: Shapes) -> int:
    """As a file says it: 1 for latent attention, 0 (which counts as 1) where a layer has none."""
    if shapes.kv_lora_rank:
        return 1
    if set(shapes.pattern) & set("R-") and shapes.architecture not in ONE_NUMBER:
        return 1
    found = [shapes.kv_heads] if isinstance(shapes.kv_heads, int) else [*shapes.kv_heads]
    if shapes.full_kv_heads:
        found.append(shapes.full_kv_heads)
    return min(found) or 1
