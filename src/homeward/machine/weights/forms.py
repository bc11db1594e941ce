"""How each architecture's layers are built, as llama.cpp names and cuts their tensors.

Source: ``load_arch_tensors`` of each file in llama.cpp's ``src/models`` (commit 0c1e57098). A file
that another version of its converter wrote may have a few tensors more or less.
"""

from typing import Literal

from msgspec import Struct

Recurrence = Literal["", "delta", "delta joint", "kda", "mamba2", "short convolution"]

Part = tuple[str, tuple[int, ...]]
"""A tensor of a layer: its name behind ``blk.N.``, its shape with the innermost first."""

PRE = ("attn_norm", "ffn_norm")
PRE_AND_POST = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")


class Form(Struct, frozen=True, kw_only=True):
    """A kind of layer. ``norms`` are of the hidden size; the general form is not ``known``."""

    known: bool = True
    norms: tuple[str, ...] = PRE
    qk_norm: Literal["", "head", "all"] = ""  # over one head, or over all of them together
    qkv_fused: bool = False
    qkv_bias: bool = False
    out_bias: bool = False
    query_gate: bool = False  # queries are twice as wide: half of them is a gate
    head_gate: bool = False  # a gate of its own, as wide as the queries
    sinks: bool = False
    gate: Literal["own", "fused", "none"] = "own"  # of the dense feed-forward part
    ffn_bias: bool = False  # of the experts and of the router
    correction: bool = False  # a bias for each expert that only chooses it
    shared_gate: bool = False  # of the shared expert
    dense_beside: bool = False  # a dense feed-forward part stands beside the experts
    recurrence: Recurrence = ""
    alone: bool = False  # a layer is one part: attention, or a state, or feed-forward
    kv_by_layer: bool = False  # layer 0 may have no key heads, which the mixes' rules look at


GENERAL = Form(known=False)
_QWEN3 = Form(qk_norm="head")
_QWEN35 = Form(
    norms=("attn_norm", "post_attention_norm"),
    qk_norm="head",
    query_gate=True,
    shared_gate=True,
    recurrence="delta",
)
_GEMMA3 = Form(norms=PRE_AND_POST, qk_norm="head")
_CORRECTED = Form(correction=True)
_GRANITE_HYBRID = Form(recurrence="mamba2", kv_by_layer=True)
_NEMOTRON_H = Form(
    norms=("attn_norm",),
    gate="none",
    correction=True,
    recurrence="mamba2",
    alone=True,
    kv_by_layer=True,
)
_LFM2 = Form(qk_norm="head", correction=True, recurrence="short convolution", kv_by_layer=True)

FORMS = {
    "llama": Form(),
    "llama4": Form(),
    "mistral3": Form(),
    "granite": Form(),
    "granitemoe": Form(),
    "smollm3": Form(),
    "ernie4_5": Form(),
    "ernie4_5-moe": _CORRECTED,
    "internlm2": Form(),
    "command-r": Form(norms=("attn_norm",)),
    "cohere2": Form(norms=("attn_norm",)),
    "qwen2": Form(qkv_bias=True),
    "qwen2vl": Form(qkv_bias=True),
    "qwen2moe": Form(qkv_bias=True, shared_gate=True),
    "qwen3": _QWEN3,
    "qwen3vl": _QWEN3,
    "qwen3moe": _QWEN3,
    "qwen3vlmoe": _QWEN3,
    "qwen3next": Form(
        norms=("attn_norm", "post_attention_norm"),
        qk_norm="head",
        query_gate=True,
        shared_gate=True,
        recurrence="delta joint",
    ),
    "qwen35": _QWEN35,
    "qwen35moe": _QWEN35,
    "gemma": Form(),
    "gemma2": Form(norms=PRE_AND_POST),
    "gemma3": _GEMMA3,
    "gemma3n": _GEMMA3,
    "gemma4": Form(norms=PRE_AND_POST, qk_norm="head", dense_beside=True),
    "phi3": Form(qkv_fused=True, gate="fused"),
    "glm4": Form(norms=PRE_AND_POST, qkv_bias=True, gate="fused"),
    "glm4moe": Form(norms=("attn_norm", "post_attention_norm"), qkv_bias=True, correction=True),
    "olmo2": Form(norms=("post_attention_norm", "post_ffw_norm"), qk_norm="all"),
    "olmoe": Form(qk_norm="all"),
    "exaone4": Form(norms=("post_attention_norm", "post_ffw_norm"), qk_norm="head"),
    "seed_oss": Form(norms=("attn_norm", "post_attention_norm"), qkv_bias=True),
    "hunyuan-moe": _QWEN3,
    "hunyuan-dense": _QWEN3,
    "dots1": Form(qk_norm="head", correction=True),
    "bailingmoe2": Form(qk_norm="head", qkv_fused=True, correction=True),
    "minimax-m2": Form(qk_norm="all", correction=True),
    "afmoe": Form(norms=PRE_AND_POST, qk_norm="head", head_gate=True, correction=True),
    "gpt-oss": Form(
        norms=("attn_norm", "post_attention_norm"),
        qkv_bias=True,
        out_bias=True,
        sinks=True,
        ffn_bias=True,
    ),
    "deepseek2": _CORRECTED,
    "kimi-linear": Form(correction=True, recurrence="kda", kv_by_layer=True),
    "granitehybrid": _GRANITE_HYBRID,
    "falcon-h1": Form(recurrence="mamba2"),
    "nemotron": Form(gate="none"),
    "arcee": Form(gate="none"),
    "apertus": Form(qk_norm="head", gate="none"),
    "starcoder2": Form(qkv_bias=True, out_bias=True, gate="none"),
    "nemotron_h": _NEMOTRON_H,
    "nemotron_h_moe": _NEMOTRON_H,
    "lfm2": _LFM2,
    "lfm2moe": _LFM2,
}
"""By the name that GGUF has for the architecture."""


def form(architecture: str) -> Form:
    """Of an architecture; the general form, which is llama's, where it is not in the table."""
    return FORMS.get(architecture, GENERAL)
