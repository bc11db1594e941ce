"""What attention looks back on for one token: bytes that it reads, operations that it does."""

from homeward.machine.estimate import Memory, Use
from homeward.machine.memory.cache import cells
from homeward.machine.shapes import Layer, Shapes

ATTENDS = frozenset({Layer.FULL, Layer.WINDOW, Layer.BOTH})


def bytes_read(shapes: Shapes, memory: Memory, use: Use, depth: int) -> float:
    """Of the cache, for one token that follows ``depth`` others.

    Layers with a window look no farther; a recurrent state is read and written whole. Layers that
    share a cache read it each.
    """
    slots = max(use.parallel, 1)
    if not shapes.whole or len(memory.kv_layers) != shapes.layers:
        return memory.kv * min(depth / use.context, 1.0)
    state = 4 * shapes.recurrent.numbers if shapes.recurrent else 0
    total = 0.0
    one: dict[Layer, float] = {}  # bytes of a token, by the kind of the layer
    for kind, held in zip(shapes.kinds, memory.kv_layers, strict=True):
        if kind in (Layer.RECURRENT, Layer.BOTH):
            total += 2 * state
        if kind in ATTENDS:
            own = held - (state * slots if kind is Layer.BOTH else 0)
            if own > 0:
                one[kind] = own / cells(shapes, use, kind)
            total += one.get(kind, 0.0) * seen(shapes, kind, depth)
    return total


def operations(shapes: Shapes, depth: int) -> float:
    """Additions and multiplications of all heads, for one token that follows ``depth`` others."""
    if not shapes.whole:
        return 0.0
    total = 0.0
    for layer, kind in enumerate(shapes.kinds):
        if kind in ATTENDS:
            key = shapes.head_dim_at(layer)
            wide = key + (shapes.value_dim or key)
            if shapes.kv_lora_rank:  # on the latent, without unfolding it (arXiv:2405.04434)
                wide = 2 * shapes.kv_lora_rank + shapes.rope_dim
            total += 2.0 * shapes.heads * wide * seen(shapes, kind, depth)
    return total


def seen(shapes: Shapes, kind: Layer, depth: int) -> int:
    """Tokens that such a layer looks back on."""
    return min(depth, shapes.window or depth) if kind is Layer.WINDOW else depth
