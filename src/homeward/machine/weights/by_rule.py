"""The bytes of every tensor of a mix, by the mixes' rules over whole shapes."""

from collections.abc import Iterator
from math import prod

from homeward import ggml
from homeward.machine.shapes import Layer, Shapes
from homeward.machine.weights.forms import Part
from homeward.machine.weights.mixes import (
    DOWN,
    LOW,
    VALUE,
    Model,
    Rules,
    category,
    conditions,
    end_type,
    layer_type,
    traits,
)
from homeward.machine.weights.quants import WIDE_ENDS, mix
from homeward.machine.weights.tally import Amount, Layered
from homeward.machine.weights.tensors import Tensor, blocks, ends


def complete(shapes: Shapes) -> bool:
    """Whether every tensor follows from the shapes."""
    if not (shapes.layers and shapes.hidden and shapes.vocab):
        return False
    kinds = set(shapes.kinds)
    if kinds & {Layer.FULL, Layer.WINDOW, Layer.BOTH}:
        latent = shapes.kv_lora_rank and shapes.rope_dim
        if not (shapes.heads and (latent or (shapes.kv_heads and shapes.head_dim))):
            return False
    if kinds & {Layer.RECURRENT, Layer.BOTH} and not shapes.recurrent:
        return False
    if shapes.experts:
        return bool(shapes.expert_ffn and (shapes.ffn or not shapes.dense_layers))
    return bool(shapes.ffn)


def end_amounts(shapes: Shapes, quant: str) -> Iterator[tuple[str, Amount]]:
    """What is in no layer, by name."""
    for name, shape, kind in _ends(shapes, quant):
        yield name, _amount(shape, kind)


def layer_amounts(shapes: Shapes, quant: str) -> tuple[Layered, ...]:
    """Layers that are alike, and stand at places that the rules take alike, are added up once."""
    done: dict[int, Layered] = {}
    found = []
    model, rule = traits(shapes), mix(quant)
    for parts, places in _places(shapes, rule):
        if id(places) not in done:
            done[id(places)] = _layered(parts, rule, model, places)
        found.append(done[id(places)])
    return tuple(found)


def types(shapes: Shapes, quant: str) -> Iterator[tuple[Tensor, str]]:
    """Each tensor and its type."""
    for name, shape, kind in _ends(shapes, quant):
        yield Tensor(name, shape, None), kind
    model, rule = traits(shapes), mix(quant)
    for number, (parts, places) in enumerate(_places(shapes, rule)):
        for (name, shape), holds in zip(parts, places, strict=True):
            kind = layer_type(name, shape, rule, model, holds)
            yield Tensor(f"blk.{number}.{name}", shape, number), kind


def _ends(shapes: Shapes, quant: str) -> Iterator[tuple[str, tuple[int, ...], str]]:
    model, rule = traits(shapes), mix(quant)
    for name, shape in ends(shapes):
        wide = quant in WIDE_ENDS and name in ("token_embd.weight", "output.weight")
        yield name, shape, "Q8_0" if wide else end_type(name, shape, rule, model)


Places = tuple[frozenset[str], ...]
"""What holds for each part of a layer, in their order; one object for layers that are alike."""


def _places(shapes: Shapes, rule: str) -> Iterator[tuple[tuple[Part, ...], Places]]:
    """Each layer's parts, with what the rules see at their places.

    Values are counted by themselves and all else by layer; of the lowest mixes, down projections
    are counted by themselves too, shared experts along with the others.
    """
    model = traits(shapes)
    layers = blocks(shapes)
    distinct = {id(parts): parts for parts in layers}  # the same few objects, again and again
    rules = {key: tuple(map(_category, parts)) for key, parts in distinct.items()}
    values_in = {key: sum(each is VALUE for each in found) for key, found in rules.items()}
    many = sum(values_in[id(parts)] for parts in layers)
    counted = {
        key: [each for each in found if _by_itself(each, rule)] for key, found in rules.items()
    }
    values = downs = 0
    built: dict[tuple[object, ...], Places] = {}  # a few, though there are many layers
    for number, parts in enumerate(layers):
        alike = conditions(number, model.layers, model)
        own = []
        for each in counted[id(parts)]:
            if each is VALUE:
                own.append(conditions(values, many, model))
                values += 1
            else:
                own.append(conditions(downs, model.layers, model))
                downs += 1
        key = (id(parts), alike, *own)
        if key not in built:
            left = iter(own)
            built[key] = tuple(
                next(left) if _by_itself(each, rule) else alike for each in rules[id(parts)]
            )
        yield parts, built[key]


def _by_itself(each: Rules | None, rule: str) -> bool:
    return each is VALUE or (each is DOWN and rule in LOW)


def _category(part: Part) -> Rules | None:
    name, shape = part
    return category(name) if len(shape) > 1 and name.endswith("weight") else None


def _layered(parts: tuple[Part, ...], rule: str, model: Model, places: Places) -> Layered:
    amounts = {False: Amount(), True: Amount()}
    for (name, shape), holds in zip(parts, places, strict=True):
        had, more = (
            amounts["_exps." in name],
            _amount(shape, layer_type(name, shape, rule, model, holds)),
        )
        amounts["_exps." in name] = Amount(had.numbers + more.numbers, had.size + more.size)
    return Layered(amounts[False], amounts[True])


def _amount(shape: tuple[int, ...], kind: str) -> Amount:
    return Amount(prod(shape), ggml.size(shape, kind))
