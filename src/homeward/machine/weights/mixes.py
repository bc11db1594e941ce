"""Which type each tensor gets in a named mix, such as Q4_K_M.

The rules are those of ``llama-quantize`` without an importance matrix: ``llama_tensor_get_type``
of llama.cpp's ``src/llama-quant.cpp`` (commit 0c1e57098). A rule is a condition and a type; the
first one that holds decides, and else the mix's own type stays.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from homeward.ggml import BLOCKS
from homeward.machine.shapes import Layer, Shapes
from homeward.machine.weights.forms import form

BASE = {
    **{name: name for name in ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")},
    **{name: name for name in ("Q6_K", "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ3_S")},
    **{name: name for name in ("IQ4_XS", "IQ4_NL", "TQ1_0", "TQ2_0", "Q1_0", "Q2_0", "Q2_K")},
    "Q2_K_S": "Q2_K",
    **dict.fromkeys(("Q3_K_S", "Q3_K_M", "Q3_K_L"), "Q3_K"),
    **dict.fromkeys(("Q4_K_S", "Q4_K_M"), "Q4_K"),
    **dict.fromkeys(("Q5_K_S", "Q5_K_M"), "Q5_K"),
    "IQ2_S": "IQ2_XS",
    "IQ2_M": "IQ2_S",
    "IQ3_XS": "IQ3_S",
    "IQ3_M": "IQ3_S",
    "MXFP4_MOE": "MXFP4",
}
"""The type of most tensors, by mix."""

PLAIN = frozenset({"F32", "F16", "BF16"})
LOW = frozenset({"IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M"})

Rules = Mapping[str, tuple[tuple[str, str], ...]]

EMBEDDING = {
    **dict.fromkeys(("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS"), "Q2_K"),
    **dict.fromkeys(("IQ2_S", "IQ2_M", "IQ3_XXS"), "IQ3_S"),
    **dict.fromkeys(("TQ1_0", "TQ2_0", "Q2_0"), "Q4_K"),
}
OUTPUT = dict.fromkeys((*LOW, "IQ3_XXS"), "Q5_K")

VALUE: Rules = {
    **dict.fromkeys(("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS"), (("many", "Q4_K"), ("", "Q2_K"))),
    **dict.fromkeys(("IQ2_S", "IQ2_M"), (("many", "Q4_K"), ("", "IQ3_S"))),
    "Q2_K": (("grouped", "Q4_K"), ("", "Q3_K")),
    **dict.fromkeys(("Q2_K_S", "IQ3_XS", "IQ3_S"), (("grouped", "Q4_K"),)),
    "IQ3_XXS": (("grouped", "Q4_K"), ("", "IQ3_S")),
    "IQ3_M": (("", "Q4_K"),),
    "Q3_K_M": (("first two", "Q5_K"), ("", "Q4_K")),
    "Q3_K_L": (("", "Q5_K"),),
    **dict.fromkeys(("IQ4_NL", "IQ4_XS"), (("grouped", "Q5_K"),)),
    **dict.fromkeys(("Q4_K_M", "Q5_K_M"), (("more", "Q6_K"),)),
    "Q4_K_S": (("first four", "Q5_K"),),
}
KEY: Rules = {
    **dict.fromkeys(LOW, (("eight", "Q4_K"),)),
    "IQ3_XS": (("", "IQ3_XXS"),),
    "IQ3_XXS": (("", "IQ2_S"),),
}
QUERY: Rules = {"IQ3_XS": (("", "IQ3_XXS"),), "IQ3_XXS": (("", "IQ2_S"),)}
DOWN: Rules = {
    **dict.fromkeys(("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS"), (("eighth", "Q2_K"),)),
    **dict.fromkeys(("IQ2_S", "IQ2_M"), (("eighth", "IQ3_S"),)),
    "Q2_K": (("", "Q3_K"),),
    "Q2_K_S": (("eighth", "Q4_K"),),
    "IQ3_XXS": (("eighth", "Q4_K"), ("", "Q3_K")),
    "IQ3_M": (("eighth", "Q4_K"), ("more of eight", "Q4_K")),
    "Q3_K_M": (("sixteenth", "Q5_K"), ("", "Q4_K")),
    "Q3_K_L": (("", "Q5_K"),),
    **dict.fromkeys(("Q4_K_M", "Q5_K_M"), (("more", "Q6_K"),)),
    **dict.fromkeys(("Q4_K_S", "IQ4_NL", "IQ4_XS"), (("eighth", "Q5_K"),)),
}
_EIGHT = ("eight", "Q5_K")
ATTENTION_OUTPUT: Rules = {
    **dict.fromkeys(("IQ1_S", "IQ1_M"), (_EIGHT, ("", "IQ2_XXS"))),
    **dict.fromkeys(("IQ2_XXS", "IQ2_XS"), (_EIGHT,)),
    **dict.fromkeys(("IQ2_S", "IQ2_M"), (_EIGHT, ("", "IQ3_S"))),
    "Q2_K": (_EIGHT, ("", "Q3_K")),
    "IQ3_XXS": (_EIGHT, ("", "IQ3_S")),
    **dict.fromkeys(("Q3_K_M", "IQ3_M"), (_EIGHT, ("", "Q4_K"))),
    "Q3_K_L": (("not eight", "Q5_K"),),
    **dict.fromkeys(("IQ3_XS", "IQ3_S", "Q3_K_S", "Q4_K_S", "Q4_K_M"), (_EIGHT,)),
    **dict.fromkeys(("IQ4_NL", "IQ4_XS"), (_EIGHT,)),
}
WIDE: Rules = {"IQ3_XS": (("middle", "IQ3_XXS"),)}
"""Gates and up projections."""

CATEGORIES = (
    ("attn_qkv.weight", VALUE),
    ("attn_kv_b.weight", VALUE),
    ("attn_v.weight", VALUE),
    ("attn_k.weight", KEY),
    ("attn_q.weight", QUERY),
    ("attn_output.weight", ATTENTION_OUTPUT),
    ("ffn_up", WIDE),
    ("ffn_gate", WIDE),
    ("ffn_down", DOWN),
)
"""A tensor belongs to the first whose name it has in its own."""

FALLBACK = {
    **dict.fromkeys(("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S"), "IQ4_NL"),
    **dict.fromkeys(("IQ3_XXS", "IQ3_S", "IQ4_XS"), "IQ4_NL"),
    **dict.fromkeys(("Q2_0", "Q2_K", "Q3_K", "TQ1_0", "TQ2_0"), "Q4_0"),
    "Q4_K": "Q5_0",
    "Q5_K": "Q5_1",
    "Q6_K": "Q8_0",
}
"""Where a row does not divide into blocks; F16 where it does not into these either."""

NUMBERS = ("_norm.weight", "ffn_gate_inp", "ssm_conv1d", "shortconv.conv", "_coef.weight")
"""In the names of matrices that stay as 32-bit numbers."""
UNTOUCHED = ("altup", "laurel", "per_layer_model_proj")
"""In the names of those that stay as the converter wrote them, with 16 bits."""


class Model(NamedTuple):
    """What the rules ask of a model."""

    tied: bool
    experts: int
    grouped: bool  # four query heads, or more, share a key
    seventy: bool  # llama.cpp takes it for a 70B
    layers: int


def traits(shapes: Shapes) -> Model:
    kv_heads = 1 if shapes.kv_lora_rank else shapes.kv_heads_at(0) if shapes.layers else 0
    if form(shapes.architecture).kv_by_layer and shapes.kinds[0] not in (Layer.FULL, Layer.BOTH):
        kv_heads = 0
    seventy = (
        shapes.architecture in ("llama", "qwen2", "deci")
        and shapes.layers == 80
        and (shapes.architecture != "llama" or shapes.heads != kv_heads)
    )
    grouped = bool(kv_heads) and shapes.heads // kv_heads >= 4
    return Model(shapes.tied, shapes.experts, grouped, seventy, shapes.layers)


@lru_cache(maxsize=4096)
def conditions(number: int, count: int, model: Model) -> frozenset[str]:
    """What holds at the ``number``-th of ``count`` tensors of its category, or layers."""
    experts, eighth = model.experts, count // 8
    more = number < eighth or number >= 7 * count // 8 or (number - eighth) % 3 == 2
    holds = {
        "": True,
        "first two": number < 2,
        "first four": number < 4,
        "sixteenth": number < count // 16,
        "eighth": number < eighth,
        "middle": eighth <= number < 7 * count // 8,
        "more": more,
        "more of eight": more and experts == 8,
        "eight": experts == 8,
        "not eight": experts != 8,
        "grouped": model.grouped,
        "many": model.grouped or experts >= 4,
    }
    return frozenset(name for name, true in holds.items() if true)


@lru_cache(maxsize=1024)
def category(name: str) -> Rules | None:
    return next((rules for part, rules in CATEGORIES if part in name), None)


def end_type(name: str, shape: tuple[int, ...], mix: str, model: Model) -> str:
    """Of a tensor that is in no layer."""
    kept = _kept(name, shape, mix)
    if kept:
        return kept
    base = BASE[mix]
    chosen = base
    if name == "output.weight" or (model.tied and "token_embd" in name):
        if mix == "MXFP4_MOE" or shape[0] % BLOCKS[base][0]:
            chosen = "Q8_0"
        elif base != "Q8_0":
            chosen = OUTPUT.get(mix, "Q6_K")
    elif mix == "MXFP4_MOE":
        chosen = "Q8_0"
    elif "token_embd" in name:
        chosen = EMBEDDING.get(mix, base)
    return _fitting(chosen, shape[0])


def layer_type(
    name: str, shape: tuple[int, ...], mix: str, model: Model, holds: frozenset[str]
) -> str:
    """Of a tensor of a layer. ``holds`` are the `conditions` at its place."""
    kept = _kept(name, shape, mix)
    if kept:
        return kept
    if mix == "MXFP4_MOE":
        return _fitting("MXFP4" if len(shape) > 2 and shape[2] > 1 else "Q8_0", shape[0])
    rules = category(name)
    chosen = BASE[mix]
    if rules:
        chosen = next((kind for when, kind in rules.get(mix, ()) if when in holds), chosen)
    if mix not in LOW:
        if rules is VALUE and model.seventy and chosen in ("Q3_K", "Q4_K"):
            chosen = "Q5_K"
        if (rules is VALUE or rules is KEY) and model.experts == 8:
            chosen = "Q8_0"
    return _fitting(chosen, shape[0])


def _kept(name: str, shape: tuple[int, ...], mix: str) -> str:
    if mix == "F32" or len(shape) < 2:
        return "F32"
    kept = _by_name(name)
    if kept == "F16":
        return "BF16" if mix == "BF16" else "F16"
    return kept or (mix if mix in PLAIN else "")


@lru_cache(maxsize=1024)
def _by_name(name: str) -> str:
    """The type that a matrix keeps for its name; empty for one that is quantised."""
    if not name.endswith("weight") or any(part in name for part in NUMBERS):
        return "F32"
    return "F16" if any(part in name for part in UNTOUCHED) else ""


def _fitting(kind: str, row: int) -> str:
    for each in (kind, FALLBACK.get(kind, kind)):
        if row % BLOCKS[each][0] == 0:
            return each
    return "F16"
