"""How many bytes a model's weights take, layer by layer, and how many one token reads."""

from collections.abc import Iterable

from homeward import ggml
from homeward.errors import ConfigError
from homeward.machine.estimate import Basis, How, LayerWeights, Weights
from homeward.machine.shapes import Shapes
from homeward.machine.weights.forms import form
from homeward.machine.weights.mixes import (
    DOWN,
    LOW,
    VALUE,
    Model,
    category,
    conditions,
    end_type,
    layer_type,
    traits,
)
from homeward.machine.weights.quants import DYNAMIC, WIDE_ENDS, mix, named
from homeward.machine.weights.tensors import Part, blocks, ends
from homeward.machine.weights.tally import Tally
from homeward.machine.weights.typical import typical

RULES = "llama.cpp's rules for {quant} over exact shapes"


def weigh(shapes: Shapes, quant: str) -> Weights:
    """Exact where ``shapes`` are whole and their architecture is known, else with a band.

    ``quant`` is any name that `named` takes. ConfigError where neither shapes nor the number of
    parameters are known.
    """
    quant = named(quant)
    if complete(shapes):
        return _exact(shapes, quant)
    return _estimated(shapes, quant)
