"""What a model of some size usually looks like, where only a few of its shapes are known.

The proportions are medians over the published configurations of 600 dense models and 245 with
experts, by 45 publishers since 2024; ``bench/fit_weights.py`` shows how far they carry. A shape
that is known is kept.
"""

from msgspec import structs

from homeward.machine.shapes import Shapes

MIXED = 10e9, 100e9
"""Between these numbers of parameters a third of the models have experts and the others are dense;
below, one of sixteen has, and above, twelve of thirteen."""

VOCABS = (151_936, 64_000, 128_256, 262_144)
"""The most usual one first."""

FAMILIES = {"gemma": 262_144, "llama": 128_256, "qwen": 151_936, "gpt-oss": 201_088}
"""Vocabularies, by how the name of an architecture begins."""

WITH_EXPERTS = frozenset(
    {"gpt-oss", "deepseek2", "llama4", "dots1", "minimax-m2", "afmoe", "kimi-linear"}
)
"""Architectures that have them and do not say so in their name."""


def typical(shapes: Shapes) -> tuple[tuple[Shapes, ...], ...]:
    """Whole shapes that it may have: for each sort (dense, with experts) the likeliest first.

    ``shapes.parameters`` must be known.
    """
    usual = (size for start, size in FAMILIES.items() if shapes.architecture.startswith(start))
    vocabs = (shapes.vocab,) if shapes.vocab else tuple(dict.fromkeys((*usual, *VOCABS)))
    return tuple(
        tuple(build(shapes, vocab) for vocab in vocabs)
        for build, may in zip((_dense, _with_experts), _sorts(shapes), strict=True)
        if may
    )


def _sorts(shapes: Shapes) -> tuple[bool, bool]:
    """Whether it may be dense, whether it may have experts."""
    named = shapes.architecture
    if shapes.experts or shapes.expert_ffn or named in WITH_EXPERTS or "moe" in named:
        return False, True
    if 0 < shapes.active_parameters < 0.7 * shapes.parameters:
        return False, True
    if named or shapes.active_parameters or shapes.ffn:
        return True, False
    return shapes.parameters < MIXED[1], shapes.parameters >= MIXED[0]


def _dense(shapes: Shapes, vocab: int) -> Shapes:
    tied = shapes.tied or shapes.parameters < 5e9
    tables = vocab * (1 if tied else 2)
    first = shapes.hidden or 4096 * (shapes.parameters / 8e9) ** 0.33
    inner = max(0.5 * shapes.parameters, shapes.parameters - tables * first)
    hidden = shapes.hidden or _round(4096 * (inner / 7e9) ** 0.33)  # grows with what is in layers
    ffn = shapes.ffn or _round(3.5 * hidden)
    widest = max(ffn) if isinstance(ffn, tuple) else ffn
    left = shapes.parameters - tables * hidden
    layer = 2 * hidden * (hidden + 1024) + 3 * hidden * widest
    return _filled(
        shapes, vocab, hidden, shapes.layers or max(1, round(left / layer)), ffn, tied=tied
    )


def _with_experts(shapes: Shapes, vocab: int) -> Shapes:
    """Experts are as many as the parameters ask for.

    Two of three such models with 10 to 20 billion parameters have experts that are no multiple of
    256 wide, 1408 as a rule, which most types cannot cut into blocks.
    """
    number = shapes.parameters
    hidden = shapes.hidden or _round(2048 * max(1, number / 20e9) ** 0.33)
    layers = shapes.layers or round(44 * (number / 20e9) ** 0.1)
    usual = 1408 if 10e9 <= number < 20e9 else _round(0.375 * hidden)
    wide = shapes.expert_ffn or usual
    always = layers * 2 * hidden * (hidden + 1024) + vocab * hidden  # without the input table
    expert = 3 * hidden * wide * layers
    experts = shapes.experts or max(9, round((number - always - vocab * hidden) / expert))
    active = shapes.active_parameters
    used = max(1, round((active - always) / expert)) if active else 8
    filled = _filled(shapes, vocab, hidden, layers, shapes.ffn or wide, tied=shapes.tied)
    return structs.replace(
        filled,
        architecture="qwen3moe",
        experts=experts,
        expert_ffn=wide,
        experts_used=min(shapes.experts_used or used, experts),
    )


def _filled(
    shapes: Shapes,
    vocab: int,
    hidden: int,
    layers: int,
    ffn: int | tuple[int, ...],
    *,
    tied: bool,
) -> Shapes:
    head = shapes.head_dim or 128
    heads = shapes.heads or max(1, hidden // head)
    kv_heads = shapes.kv_heads or min(8, heads)
    return Shapes(
        name=shapes.name,
        architecture="llama",
        parameters=shapes.parameters,
        layers=layers,
        hidden=hidden,
        vocab=vocab,
        heads=heads,
        kv_heads=kv_heads if isinstance(kv_heads, int) else max(kv_heads),
        head_dim=head,
        ffn=ffn if isinstance(ffn, int) or len(ffn) == layers else max(ffn),
        tied=tied,
    )


def _round(width: float) -> int:
    """To a multiple of 256, as nearly all models of more than a billion parameters have."""
    return max(256, 256 * round(width / 256))
