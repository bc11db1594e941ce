"""What a model keeps of the tokens before, layer by layer: keys and values, and states.

llama.cpp's own rules (``llama-kv-cache.cpp``, ``llama-kv-cache-iswa.cpp``, ``llama-context.cpp``):
what comes out equals what it allocates, for models whose shapes are whole. Ollama and the embedded
engine run the same code.
"""

from math import sqrt

from homeward.errors import ConfigError
from homeward.ggml import BLOCKS
from homeward.machine.estimate import Basis, How, Use
from homeward.machine.shapes import Layer, Shapes

TYPES = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl")
"""Of the cache, from the largest: those of ``llama-server --cache-type-k``."""

CELLS = 256
"""A cache has a multiple of so many cells, one for each token."""

MOST_SLOTS = 256
"""``LLAMA_MAX_SEQ`` in llama.cpp's ``llama-cparams.h``."""

MOST_TOKENS = 1 << 40
"""Of a context; no memory there is would hold them."""

UNCACHED = frozenset(
    (
        *("bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "eurobert"),
        *("jina-bert-v2", "jina-bert-v3", "gemma-embedding", "t5encoder"),
        *("dream", "llada", "llada-moe", "rnd1", "wavtokenizer-dec"),
    )
)
"""Architectures that see the whole text at once, and keep nothing (``create_memory``)."""

DENSE, SPARSE = 0.73, 0.28
"""Numbers that one token leaves in all layers, over the square root of the parameters.

Medians of 455 dense models and 139 with experts, of 45 publishers since 2024, all with full
attention; eight of ten lie between 0.4 and 4.3 times that. Windows and latent attention need less.
"""
LOW, HIGH = 0.4, 4.3

ASSUMED_LAYERS = 32

INDEXED, INDEXER = frozenset({"deepseek32", "glm-dsa"}), 128
"""Sparse attention picks tokens by keys of its own, of so many numbers (DeepSeek-V3.2's
``index_head_dim``, ``llama-kv-cache-dsa.cpp``)."""

COMPRESSED = frozenset({"deepseek4"})
"""Of old tokens it keeps one cell for several, which is not computed here: less is needed."""


def padded(cells: int) -> int:
    """Up to the next multiple of `CELLS`."""
    return -(-cells // CELLS) * CELLS


def batch(use: Use) -> int:
    """Tokens that are computed at a time: no more than the context has."""
    return min(use.ubatch, use.context)


def cells(shapes: Shapes, use: Use, kind: Layer) -> int:
    """Tokens that a layer of that kind has room for, in all slots together.

    Slots with caches of their own have an equal part of the context each, and a window each.
    """
    slots = 1 if use.unified else use.parallel
    each = padded(padded(use.context) // slots)
    if kind is Layer.WINDOW and shapes.window:
        windows = shapes.window * (use.parallel if use.unified else 1)
        each = padded(min(each, windows + batch(use)))
    return each * slots


def cache(shapes: Shapes, use: Use) -> tuple[int, ...]:
    """Bytes by layer, recurrent state included. ConfigError for a use that no runtime has.

    Where the shapes are not whole it is a guess from the number of parameters, spread evenly.
    """
    check(shapes, use)
    if shapes.architecture in UNCACHED:
        return (0,) * shapes.layers
    numbers, size = BLOCKS[use.kv.upper()]
    if not shapes.whole:
        layers = shapes.layers or ASSUMED_LAYERS
        token = (SPARSE if shapes.experts else DENSE) * sqrt(shapes.parameters)
        whole = token * cells(shapes, use, Layer.FULL) * size / numbers
        return (round(whole / layers),) * layers
    room = {kind: cells(shapes, use, kind) for kind in Layer}
    states = 4 * use.parallel * shapes.recurrent.numbers if shapes.recurrent else 0
    own = shapes.layers - shapes.shared_kv_layers
    found: list[int] = []
    for layer, kind in enumerate(shapes.kinds):
        kept = 0
        if kind in (Layer.FULL, Layer.WINDOW, Layer.BOTH) and layer < own:
            kept = room[kind] * _cell(shapes, layer, kind) * size // numbers
        if kind in (Layer.RECURRENT, Layer.BOTH):
            kept += states
        found.append(kept)
    return tuple(found)


def cache_basis(shapes: Shapes, use: Use) -> Basis:
    total = sum(cache(shapes, use))
    if shapes.architecture in COMPRESSED and shapes.whole:
        source = "as if every token were kept; this model compresses old ones"
        return Basis(how=How.SHAPES, source=source, low=0.0, high=float(total))
    if shapes.whole or shapes.architecture in UNCACHED:
        return Basis(how=How.SHAPES, source="llama.cpp's rules over the model's shapes")
    return Basis(
        how=How.PARAMETERS,
        source="medians of 594 models since 2024, by their number of parameters",
        low=total * LOW,
        high=total * HIGH,
    )


def check(shapes: Shapes, use: Use) -> None:
    """ConfigError where no runtime could run the model so."""
    for what, number in (
        ("context", use.context), ("parallel", use.parallel), ("ubatch", use.ubatch)
    ):  # fmt: skip
        if number < 1:
            raise ConfigError(f"{what} is {number}; say how many, 1 or more")
        if number > MOST_TOKENS:
            raise ConfigError(f"{what} is {number:.0e}, which no machine holds; say fewer")
    if use.parallel > MOST_SLOTS:
        raise ConfigError(
            f"parallel is {use.parallel}; llama.cpp has at most {MOST_SLOTS} slots, say fewer"
        )
    if use.kv not in TYPES:
        raise ConfigError(f"there is no cache of type {use.kv!r}; use one of {', '.join(TYPES)}")
    if not shapes.whole and not shapes.parameters:
        raise ConfigError(
            f"too little is known of {shapes.name or 'this model'} to compute its memory; name its "
            "GGUF file, or give its shapes with --arch"
        )
    numbers = BLOCKS[use.kv.upper()][0]
    if numbers == 1:
        return
    if not use.flash_attention:
        raise ConfigError(
            f"a cache of type {use.kv} needs flash attention; turn that on, or use f16"
        )
    for wide in _heads(shapes):
        if wide % numbers:
            raise ConfigError(
                f"a cache of type {use.kv} has blocks of {numbers} numbers, and the heads of "
                f"{shapes.name or 'this model'} have {wide}; use f16"
            )


def _heads(shapes: Shapes) -> set[int]:
    if shapes.kv_lora_rank:
        return {shapes.kv_lora_rank + shapes.rope_dim}
    return {shapes.head_dim, shapes.value_dim, shapes.full_head_dim} - {0}


def _cell(shapes: Shapes, layer: int, kind: Layer) -> int:
    """Numbers that one token leaves in a layer. Latent attention has its values in the keys."""
    if shapes.kv_lora_rank:
        index = INDEXER if shapes.architecture in INDEXED else 0
        return shapes.kv_lora_rank + shapes.rope_dim + index
    if isinstance(shapes.kv_heads, int):
        heads = shapes.kv_heads or shapes.heads
    else:  # 0 is a layer whose attention was pruned (Nemotron 51B)
        heads = shapes.kv_heads[layer]
    key, value = shapes.head_dim, shapes.value_dim or shapes.head_dim
    if kind is Layer.FULL:
        heads = shapes.full_kv_heads or heads
        if shapes.full_head_dim:
            key = value = shapes.full_head_dim
    return (key + value) * heads
