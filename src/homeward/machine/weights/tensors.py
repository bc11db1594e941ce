"""The tensors of a model, from its shapes: names and shapes as in its GGUF file."""

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from homeward.machine.shapes import Layer, Shapes
from homeward.machine.weights.feedforward import feed_forward
from homeward.machine.weights.forms import Form, Part, form
from homeward.machine.weights.mixing import attention, latent_attention, recurrent


class Tensor(NamedTuple):
    """``shape`` is innermost first. ``layer`` is None for the embedding and the output."""

    name: str
    shape: tuple[int, ...]
    layer: int | None

    @property
    def numbers(self) -> int:
        return prod(self.shape)


def tensors(shapes: Shapes) -> tuple[Tensor, ...]:
    """All of them; those of the general form where the architecture is not known.

    ``shapes`` must have layers, hidden, vocab and what its kind of layer needs. Left out: the
    layers that predict several tokens (MTP), image and sound projectors, rope factors.
    """
    return tuple(_all(shapes))


def _all(shapes: Shapes) -> Iterator[Tensor]:
    for name, shape in ends(shapes):
        yield Tensor(name, shape, None)
    for number, parts in enumerate(blocks(shapes)):
        for name, shape in parts:
            yield Tensor(f"blk.{number}.{name}", shape, number)


def ends(shapes: Shapes) -> Iterator[Part]:
    """What is in no layer. A tied model has no ``output.weight``."""
    hidden, vocab = shapes.hidden, shapes.vocab
    yield "token_embd.weight", (hidden, vocab)
    yield "output_norm.weight", (hidden,)
    if not shapes.tied:
        yield "output.weight", (hidden, vocab)
    if width := shapes.per_layer:
        yield "per_layer_token_embd.weight", (width * shapes.layers, vocab)
        yield "per_layer_model_proj.weight", (hidden, width * shapes.layers)
        yield "per_layer_proj_norm.weight", (width,)
    if shapes.architecture == "gemma3n":
        for name in ("altup_proj", "altup_unembd_proj"):
            yield f"{name}.weight", (hidden, hidden, ALTUP - 1)


def blocks(shapes: Shapes) -> tuple[tuple[Part, ...], ...]:
    """The parts of each layer, sorted by name; layers that are alike share one object."""
    plan, kinds = form(shapes.architecture), shapes.kinds
    first_sharing = shapes.layers - shapes.shared_kv_layers
    built: dict[tuple[object, ...], tuple[Part, ...]] = {}
    found = []
    for number, kind in enumerate(kinds):
        key = (
            kind,
            shapes.has_experts(number),
            shapes.kv_heads_at(number),
            _ffn(shapes, number),
            number < first_sharing,
        )
        if key not in built:
            built[key] = tuple(sorted(_layer(shapes, plan, number, kind)))
        found.append(built[key])
    return tuple(found)


def _layer(shapes: Shapes, plan: Form, number: int, kind: Layer) -> Iterator[Part]:
    for norm in plan.norms:
        yield f"{norm}.weight", (shapes.hidden,)
    if kind in (Layer.RECURRENT, Layer.BOTH) and shapes.recurrent:
        yield from recurrent(shapes, plan, shapes.recurrent)
    if kind in (Layer.FULL, Layer.WINDOW, Layer.BOTH):
        attend = latent_attention if shapes.kv_lora_rank else attention
        yield from attend(shapes, plan, number)
    if not plan.alone or kind is Layer.NOTHING:
        yield from feed_forward(
            shapes, plan, _ffn(shapes, number), experts=shapes.has_experts(number)
        )
    if width := shapes.per_layer:
        yield "inp_gate.weight", (shapes.hidden, width)
        yield "proj.weight", (width, shapes.hidden)
        yield "post_norm.weight", (shapes.hidden,)
    if shapes.architecture == "gemma3n":
        yield from _altup(shapes.hidden)
    if shapes.architecture == "gemma4":
        yield "layer_output_scale.weight", (1,)


ALTUP, LAUREL = 4, 64
"""Gemma 3n: alternating updates, rank of the learned augmented residual (its config.json)."""


def _altup(hidden: int) -> Iterator[Part]:
    yield "altup_correct_coef.weight", (ALTUP, ALTUP)
    yield "altup_correct_scale.weight", (hidden,)
    yield "altup_predict_coef.weight", (ALTUP, ALTUP * ALTUP)
    yield "altup_router.weight", (hidden, ALTUP)
    yield "altup_router_norm.weight", (hidden,)
    yield "laurel_l.weight", (hidden, LAUREL)
    yield "laurel_r.weight", (LAUREL, hidden)
    yield "laurel_post_norm.weight", (hidden,)


def _ffn(shapes: Shapes, number: int) -> int:
    return shapes.ffn if isinstance(shapes.ffn, int) else shapes.ffn[number]
