"""The tensors by which a layer looks at other tokens: attention, or a recurrent state."""

from collections.abc import Iterator

from homeward.machine.shapes import Layer, Recurrent, Shapes
from homeward.machine.weights.forms import Form, Part


def attention(shapes: Shapes, plan: Form, number: int) -> Iterator[Part]:
    hidden, heads = shapes.hidden, shapes.heads
    head, kv_heads = shapes.head_dim_at(number), shapes.kv_heads_at(number)
    queries, keys = heads * head, kv_heads * head
    values = kv_heads * (shapes.value_dim or head)
    given = heads * (shapes.value_dim or head)
    wide = 2 * queries if plan.query_gate else queries
    sides = {"q": wide, "k": keys, "v": values}
    if plan.qkv_fused:
        sides = {"qkv": wide + keys + values}
    if shapes.architecture == "gemma4":
        if number >= shapes.layers - shapes.shared_kv_layers:
            sides = {"q": wide}
        elif shapes.full_kv_heads and shapes.kinds[number] is Layer.FULL:
            del sides["v"]  # keys serve as values there
    for side, width in sides.items():
        yield f"attn_{side}.weight", (hidden, width)
        if plan.qkv_bias:
            yield f"attn_{side}.bias", (width,)
    yield "attn_output.weight", (given, hidden)
    if plan.out_bias:
        yield "attn_output.bias", (hidden,)
    if plan.qk_norm:
        yield "attn_q_norm.weight", (head if plan.qk_norm == "head" else queries,)
        if "k" in sides or plan.qkv_fused:
            yield "attn_k_norm.weight", (head if plan.qk_norm == "head" else keys,)
    if plan.head_gate:
        yield "attn_gate.weight", (hidden, queries)
    if plan.sinks:
        yield "attn_sinks.weight", (heads,)


def latent_attention(shapes: Shapes, plan: Form, number: int) -> Iterator[Part]:
    """Keys and values from one short vector: DeepSeek-V2 (arXiv:2405.04434)."""
    hidden, heads, rank, rope = shapes.hidden, shapes.heads, shapes.kv_lora_rank, shapes.rope_dim
    nope = shapes.nope_dim or shapes.head_dim - rope
    value = shapes.value_dim or nope
    if shapes.q_lora_rank:
        yield "attn_q_a_norm.weight", (shapes.q_lora_rank,)
        yield "attn_q_a.weight", (hidden, shapes.q_lora_rank)
        yield "attn_q_b.weight", (shapes.q_lora_rank, heads * (nope + rope))
    else:
        yield "attn_q.weight", (hidden, heads * (nope + rope))
    yield "attn_kv_a_norm.weight", (rank,)
    yield "attn_kv_a_mqa.weight", (hidden, rank + rope)
    yield "attn_k_b.weight", (nope, rank, heads)
    yield "attn_v_b.weight", (rank, value, heads)
    yield "attn_output.weight", (heads * value, hidden)


def recurrent(shapes: Shapes, plan: Form, state: Recurrent) -> Iterator[Part]:
    hidden, inner, heads = shapes.hidden, state.inner, state.heads
    keys = state.groups * state.state
    mixed = inner + 2 * keys
    if plan.recurrence == "short convolution":
        yield "shortconv.conv.weight", (state.conv, inner)
        yield "shortconv.in_proj.weight", (hidden, 3 * inner)
        yield "shortconv.out_proj.weight", (inner, hidden)
        return
    if plan.recurrence == "kda":
        yield from _kda(hidden, state)
        return
    yield "ssm_conv1d.weight", (state.conv, mixed)
    yield "ssm_out.weight", (inner, hidden)
    yield "ssm_dt.bias", (heads,)
    if plan.recurrence.startswith("delta"):
        yield "attn_qkv.weight", (hidden, mixed)
        yield "attn_gate.weight", (hidden, inner)
        yield "ssm_a", (heads,)
        yield "ssm_norm.weight", (inner // heads if heads else state.state,)
        if plan.recurrence == "delta":
            yield "ssm_alpha.weight", (hidden, heads)
            yield "ssm_beta.weight", (hidden, heads)
        else:
            yield "ssm_ba.weight", (hidden, 2 * heads)
        return
    yield "ssm_in.weight", (hidden, inner + mixed + heads)
    yield "ssm_conv1d.bias", (mixed,)
    yield "ssm_a", (1, heads)
    yield "ssm_d", (1, heads)
    groups = max(state.groups, 1)
    yield "ssm_norm.weight", (inner // groups, groups)


def _kda(hidden: int, state: Recurrent) -> Iterator[Part]:
    """Kimi Delta Attention (arXiv:2510.26692)."""
    head = state.state
    for side in "qkv":
        yield f"attn_{side}.weight", (hidden, state.inner)
        yield f"ssm_conv1d_{side}.weight", (state.conv, 1, state.inner)
    for gate in "fg":
        yield f"ssm_{gate}_a.weight", (hidden, head)
        yield f"ssm_{gate}_b.weight", (head, state.inner)
    yield "ssm_beta.weight", (hidden, state.heads)
    yield "ssm_a", (1, state.heads)
    yield "ssm_dt.bias", (state.inner,)
    yield "ssm_norm.weight", (head,)
    yield "attn_output.weight", (state.inner, hidden)
