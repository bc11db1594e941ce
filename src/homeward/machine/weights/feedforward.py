"""The feed-forward tensors of a layer: dense, or a router with experts."""

from collections.abc import Iterator

from homeward.machine.shapes import Shapes
from homeward.machine.weights.forms import Form, Part


def feed_forward(shapes: Shapes, plan: Form, wide: int, *, experts: bool) -> Iterator[Part]:
    """``wide`` is of a dense part, inside; ``experts`` says whether this layer has them."""
    if experts:
        yield from _experts(shapes, plan)
        if not plan.dense_beside:
            return
    if wide:
        yield from _dense(shapes.hidden, wide, plan.gate)


def _dense(hidden: int, wide: int, gate: str, of: str = "") -> Iterator[Part]:
    if gate == "own":
        yield f"ffn_gate{of}.weight", (hidden, wide)
    yield f"ffn_up{of}.weight", (hidden, 2 * wide if gate == "fused" else wide)
    yield f"ffn_down{of}.weight", (wide, hidden)


def _experts(shapes: Shapes, plan: Form) -> Iterator[Part]:
    hidden, number, wide = shapes.hidden, shapes.experts, shapes.expert_ffn
    seen = shapes.expert_hidden or hidden
    yield "ffn_gate_inp.weight", (hidden, number)
    if shapes.expert_hidden:
        yield "ffn_latent_down.weight", (hidden, seen)
        yield "ffn_latent_up.weight", (seen, hidden)
    if plan.dense_beside:  # Gemma 4
        yield "ffn_gate_up_exps.weight", (seen, 2 * wide, number)
        yield "ffn_gate_inp.scale", (hidden,)
        yield "ffn_down_exps.scale", (number,)
        for norm in ("pre_ffw_norm_2", "post_ffw_norm_1", "post_ffw_norm_2"):
            yield f"{norm}.weight", (hidden,)
    else:
        if plan.gate != "none":
            yield "ffn_gate_exps.weight", (seen, wide, number)
        yield "ffn_up_exps.weight", (seen, wide, number)
    yield "ffn_down_exps.weight", (wide, seen, number)
    if plan.ffn_bias:
        yield "ffn_gate_inp.bias", (number,)
        yield "ffn_gate_exps.bias", (wide, number)
        yield "ffn_up_exps.bias", (wide, number)
        yield "ffn_down_exps.bias", (hidden, number)
    # DeepSeek-V2 chooses without it; what has a query rank of the same architecture has it.
    if plan.correction and (shapes.architecture != "deepseek2" or shapes.q_lora_rank):
        yield "exp_probs_b.bias", (number,)
    if shapes.shared_expert_ffn:
        yield from _dense(hidden, shapes.shared_expert_ffn, plan.gate, "_shexp")
        if plan.shared_gate:
            yield "ffn_gate_inp_shexp.weight", (hidden,)
