"""What a model takes to run: weights, cache, compute buffer, projector, and the runtime's own.

Each number has its `Basis`. ``bench/fit_memory.py`` compares them with what llama.cpp allocates.
"""

from msgspec.structs import replace

from homeward.machine.estimate import Basis, How, Memory, Use, Weights
from homeward.machine.memory.cache import batch, cache, cache_basis, cells, check
from homeward.machine.shapes import Layer, Shapes
from homeward.machine.sizes import GIB, MIB

OVERHEAD = {"nvidia": 457 * MIB, "amd": 457 * MIB, "intel": 457 * MIB, "apple": 512 * MIB}
"""The context of a driver in each process and on each GPU: what Ollama reserves, ``ml/device.go``.
Nobody has published Intel's; it is taken to be like the others."""
PROCESS = 100 * MIB
"""Of a llama.cpp process without a GPU: code, vocabulary, the tensors' names."""

HEADROOM = GIB
"""Beside a projector's weights, for one picture's activations: Ollama, ``llm/llama_server.go``."""

USUAL_VOCAB, USUAL_HIDDEN = 152_000, 5_120

NUMBER = 4
"""Bytes; activations are of 32 bits."""


def memory(
    shapes: Shapes,
    weights: Weights,
    use: Use,
    *,
    projector: int = 0,
    vendor: str | None = None,
) -> Memory:
    """Of the whole model, on one device of that vendor's; None is the processor alone.

    ``projector`` is in bytes, of the part that sees or hears. ConfigError for a use that no
    runtime has, or a model of which too little is known.
    """
    known = shapes if shapes.parameters else replace(shapes, parameters=weights.parameters)
    kv = cache(known, use)
    return Memory(
        weights=weights,
        kv=sum(kv),
        kv_layers=kv,
        compute=compute(known, use),
        projector=projector + HEADROOM if projector else 0,
        overhead=overhead(vendor),
        basis={
            "weights": weights.basis,
            "kv": cache_basis(known, use),
            "compute": compute_basis(known, use),
            "projector": _projector_basis(projector),
            "overhead": _overhead_basis(vendor),
        },
    )


def overhead(vendor: str | None) -> int:
    """Bytes that the runtime itself takes, for each process and device."""
    return PROCESS if vendor is None else OVERHEAD.get(vendor, OVERHEAD["nvidia"])


def compute(shapes: Shapes, use: Use) -> int:
    """Bytes of activations: the most that is alive at one time, at the output or in a layer."""
    check(shapes, use)
    return max(_output(shapes, use), _layer(shapes, use))


def compute_basis(shapes: Shapes, use: Use) -> Basis:
    """From a graph that computes no logits but the last to one whose buffer has gaps."""
    most = compute(shapes, use)
    known = bool(shapes.vocab and shapes.hidden)
    return Basis(
        how=How.SHAPES if known else How.ASSUMED,
        source="llama.cpp's graph for one batch; servers since autumn 2026 need the lower figure"
        if known
        else "a vocabulary and a width that are usual",
        low=min(_layer(shapes, use), most) if known else most / 4,
        high=most * (1.2 if known else 2),
    )


def _output(shapes: Shapes, use: Use) -> int:
    """Logits of every token, with the last layer's output before and after its norm."""
    wide = (shapes.vocab or USUAL_VOCAB) + 2 * (shapes.hidden or USUAL_HIDDEN)
    return NUMBER * batch(use) * wide


def _layer(shapes: Shapes, use: Use) -> int:
    """The mask, the residual stream, and attention or the feed-forward part: what is larger."""
    hidden = shapes.hidden or USUAL_HIDDEN
    mask, scores = _attended(shapes, use)
    if not use.flash_attention:
        around = 0 if shapes.kv_lora_rank else 3 * hidden + _attention_width(shapes)
        return NUMBER * batch(use) * (scores + around + _attention_width(shapes) + mask)
    wide = max(_attention_width(shapes), 4 * hidden + _feed_forward(shapes))
    return NUMBER * batch(use) * wide + NUMBER // 2 * batch(use) * mask


def _attended(shapes: Shapes, use: Use) -> tuple[int, int]:
    """Numbers for each token of a batch: of the masks, and of attention's scores."""
    kinds = set(shapes.kinds) or {Layer.FULL}
    slots = 1 if use.unified else use.parallel
    seen = [
        cells(shapes, use, kind) // slots
        for kind in (Layer.FULL, Layer.WINDOW, Layer.BOTH)
        if kind in kinds
    ]
    return sum(seen), max(seen, default=0) * (shapes.heads or 1)


def _attention_width(shapes: Shapes) -> int:
    """Numbers for each token: queries and their rotation with keys, or the latent ones."""
    heads = shapes.heads or 1
    if shapes.kv_lora_rank:
        return heads * (3 * shapes.kv_lora_rank + 2 * shapes.rope_dim)
    keys = shapes.kv_heads if isinstance(shapes.kv_heads, int) else max(shapes.kv_heads, default=0)
    return (heads + keys) * max(shapes.head_dim, shapes.full_head_dim)


def _feed_forward(shapes: Shapes) -> int:
    """Numbers for each token: gate, up and their product, or what the experts' ones come to."""
    widest = shapes.ffn if isinstance(shapes.ffn, int) else max(shapes.ffn, default=0)
    inner, used = shapes.expert_ffn, shapes.experts_used
    experts = used * max(3 * inner, inner + shapes.hidden, 2 * shapes.hidden)
    return max(3 * widest, experts + 3 * shapes.shared_expert_ffn)


def _projector_basis(projector: int) -> Basis:
    if not projector:
        return Basis(how=How.SHAPES, source="it reads text alone, as far as is known")
    return Basis(
        how=How.ASSUMED,
        source="its weights, and 1 GiB to work in, as Ollama reserves",
        low=float(projector),
        high=float(projector + 2 * HEADROOM),
    )


def _overhead_basis(vendor: str | None) -> Basis:
    size = overhead(vendor)
    source = (
        "a process of llama.cpp without a GPU"
        if vendor is None
        else "what Ollama reserves for a driver's context, for each process and GPU"
    )
    return Basis(how=How.ASSUMED, source=source, low=size / 3, high=size * 1.5)
