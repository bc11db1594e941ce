"""Adds up the bytes of tensors into `Weights`."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from homeward.machine.estimate import Basis, LayerWeights, Weights

INPUT = ("token_embd.weight", "per_layer_token_embd.weight")
"""Tables of which a token reads one row."""


class Amount(NamedTuple):
    """Of some tensors: how many numbers they hold, in how many bytes."""

    numbers: int = 0
    size: int = 0


class Layered(NamedTuple):
    """Of one layer."""

    dense: Amount
    experts: Amount


def tally(
    quant: str,
    ends: Iterable[tuple[str, Amount]],
    layers: Sequence[Layered],
    *,
    used: int,
    experts: int,
    basis: Basis,
) -> Weights:
    """``ends`` are what is in no layer, by name; ``used`` of ``experts`` serve a token."""
    found = dict(ends)
    inputs = [found.pop(name, Amount()) for name in INPUT]
    tied = "output.weight" not in found
    rest = _sum(found.values())
    output = _sum((rest, inputs[0])) if tied else rest
    share = used / experts if experts else 1.0
    dense = _sum(each.dense for each in layers)
    routed = _sum(each.experts for each in layers)
    return Weights(
        quant=quant,
        total=_sum((*inputs, rest, dense, routed)).size,
        embedding=_sum(inputs).size,
        output=output.size,
        layers=tuple(LayerWeights(each.dense.size, each.experts.size) for each in layers),
        active=output.size + dense.size + round(routed.size * share),
        parameters=_sum((*inputs, rest, dense, routed)).numbers,
        active_parameters=output.numbers + dense.numbers + round(routed.numbers * share),
        tied=tied,
        basis=basis,
    )


def _sum(amounts: Iterable[Amount]) -> Amount:
    numbers = size = 0
    for each in amounts:
        numbers += each.numbers
        size += each.size
    return Amount(numbers, size)
