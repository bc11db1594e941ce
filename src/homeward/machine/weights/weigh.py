"""How many bytes a model's weights take, layer by layer, and how many one token reads."""

from collections.abc import Iterable, Sequence
from math import prod
from statistics import mean

from msgspec import structs

from homeward import ggml
from homeward.errors import ConfigError
from homeward.machine.estimate import Basis, How, LayerWeights, Weights
from homeward.machine.formats.gguf_metadata import is_projector
from homeward.machine.shapes import Shapes
from homeward.machine.weights.by_rule import complete, end_amounts, layer_amounts
from homeward.machine.weights.forms import form
from homeward.machine.weights.quants import DYNAMIC, dynamic_band, named
from homeward.machine.weights.tally import Amount, Layered, tally
from homeward.machine.weights.typical import typical

SOURCE = "llama.cpp's rules (llama-quant.cpp, 0c1e57098, no importance matrix)"
GENERAL = 0.03
"""How far the general form may be off, for an architecture that is not in the table."""
TYPICAL = 0.03
"""How far a model may be from all typical ones, on each side."""

Row = tuple[str, Sequence[int], str]


def weigh(shapes: Shapes, quant: str) -> Weights:
    """Exact where ``shapes`` are complete and their architecture is known, else with a band.

    ``quant`` is any name that `named` takes. ConfigError where neither the shapes nor the number
    of parameters are known.
    """
    quant = named(quant)
    weights = _by_rule(shapes, quant) if complete(shapes) else _by_parameters(shapes, quant)
    return _dynamic(weights) if quant in DYNAMIC else weights


def of_tensors(shapes: Shapes, rows: Iterable[Row], quant: str, source: str) -> Weights:
    """Of a file's own list: each row is a name, a shape (innermost first) and a type's name.

    All files of a split model together. Left out are image and sound projectors (see
    `projector`) and layers that predict several tokens at once, which llama.cpp does not load.
    ConfigError for a type that is not known.
    """
    ends = list[tuple[str, Amount]]()
    layers: dict[int, list[Amount]] = {n: [Amount(), Amount()] for n in range(shapes.layers)}
    rows = tuple(rows)
    extra = {_layer(name) for name, _, _ in rows if ".nextn." in name}
    for name, shape, kind in rows:
        layer, amount = _layer(name), _amount(name, shape, kind)
        if is_projector(name) or (layer is not None and layer in extra):
            continue
        if layer is None:
            ends.append((name, amount))
            continue
        sides = layers.setdefault(layer, [Amount(), Amount()])
        side = _is_expert(name)
        sides[side] = Amount(sides[side].numbers + amount.numbers, sides[side].size + amount.size)
    return tally(
        quant,
        ends,
        [Layered(*layers[number]) for number in sorted(layers)],
        used=shapes.experts_used,
        experts=shapes.experts,
        basis=Basis(how=How.FILE, source=source),
    )


def of_size(shapes: Shapes, quant: str, size: int, source: str, how: How = How.MANIFEST) -> Weights:
    """Of a file of which only the size is known, in bytes and without its projector.

    It is spread over the layers as the mix's rules would; with neither shapes nor parameters, all
    of it is read for each token. ConfigError for a quantisation that is not known.
    """
    basis = Basis(how=how, source=source)
    if not (complete(shapes) or shapes.parameters):
        return Weights(
            quant=quant,
            total=size,
            embedding=0,
            output=size,
            layers=(),
            active=size,
            parameters=0,
            active_parameters=0,
            tied=False,
            basis=basis,
        )
    return structs.replace(_scaled(weigh(shapes, quant), size), basis=basis)


def projector(rows: Iterable[Row]) -> int:
    """Bytes of a file's tensors that see or hear, where they are in the same file."""
    return sum(_amount(*row).size for row in rows if is_projector(row[0]))


def _by_rule(shapes: Shapes, quant: str) -> Weights:
    known = form(shapes.architecture).known
    weights = tally(
        quant,
        end_amounts(shapes, quant),
        layer_amounts(shapes, quant),
        used=shapes.experts_used,
        experts=shapes.experts,
        basis=Basis(how=How.SHAPES, source=SOURCE),
    )
    if known:
        return weights
    published = shapes.parameters / weights.parameters
    if not 0.5 <= published < 1.1:  # more than this is another part of it, which sees or hears
        published = 1.0
    basis = Basis(
        how=How.SHAPES,
        source=f"{SOURCE} over llama's form, since {shapes.architecture or 'its own'} is not known",
        low=weights.total * min(1.0, published) * (1 - GENERAL),
        high=weights.total * max(1.0, published) * (1 + GENERAL),
    )
    return structs.replace(_scaled(weights, round(weights.total * published)), basis=basis)


def _by_parameters(shapes: Shapes, quant: str) -> Weights:
    number = shapes.parameters
    if not number:
        who = shapes.name or "this model"
        raise ConfigError(
            f"neither the shapes nor the number of parameters of {who} are known: "
            "name its GGUF file, or describe it with --arch"
        )
    sorts = [[_by_rule(each, quant) for each in sort] for sort in typical(shapes)]
    densities = [each.total / each.parameters for sort in sorts for each in sort]
    if quant == "MXFP4_MOE":  # made of models with experts alone
        sorts = sorts[-1:]
    middle = mean(sort[0].total / sort[0].parameters for sort in sorts)
    nearest = min((sort[0] for sort in sorts), key=lambda each: abs(each.total - middle * number))
    scaled = _scaled(nearest, round(middle * number))
    return structs.replace(
        scaled,
        parameters=number,
        active_parameters=shapes.active_parameters
        or round(nearest.active_parameters * number / nearest.parameters),
        basis=Basis(
            how=How.PARAMETERS,
            source=f"{SOURCE} over the usual shapes of a model of {number / 1e9:.1f} billion",
            low=min(densities) * number * (1 - TYPICAL),
            high=max(densities) * number * (1 + TYPICAL),
        ),
    )


def _scaled(weights: Weights, total: int) -> Weights:
    """The same shares of another total, to the byte: what rounding leaves goes to the output."""
    share = total / weights.total
    layers = tuple(
        LayerWeights(int(each.dense * share), int(each.experts * share)) for each in weights.layers
    )
    embedding = int(weights.embedding * share)
    rest = weights.total - weights.embedding - _inner(weights.layers)
    again = weights.output - rest  # the table of a tied model, once more
    return structs.replace(
        weights,
        total=total,
        embedding=embedding,
        layers=layers,
        output=total
        - embedding
        - _inner(layers)
        + (embedding if again == weights.embedding else int(again * share)),
        active=int(weights.active * share),
    )


def _inner(layers: Sequence[LayerWeights]) -> int:
    return sum(each.dense + each.experts for each in layers)


def _dynamic(weights: Weights) -> Weights:
    """Unsloth's: as the mix that it is nearest to, with how far its published files are from it."""
    low, high = dynamic_band(weights.quant)
    scaled = _scaled(weights, round(weights.total * (low * high) ** 0.5))
    basis = Basis(
        how=weights.basis.how,
        source=f"the nearest mix of {SOURCE}; dynamic quantisations differ from model to model",
        low=(weights.basis.low or weights.total) * low,
        high=(weights.basis.high or weights.total) * high,
    )
    return structs.replace(scaled, basis=basis)


def _layer(name: str) -> int | None:
    if not name.startswith("blk."):
        return None
    number = name.split(".", 2)[1]
    return int(number) if number.isdecimal() else None


def _is_expert(name: str) -> bool:
    """Files of before April 2024 have each expert by itself: ``blk.0.ffn_up.7.weight``."""
    parts = name.split(".")
    return "_exps." in name or (len(parts) == 5 and parts[2][:4] == "ffn_" and parts[3].isdecimal())


def _amount(name: str, shape: Sequence[int], kind: str) -> Amount:
    if kind not in ggml.BLOCKS:
        raise ConfigError(
            f"{name} has the type {kind}, which this version does not know: name the file's size "
            "instead, or another file of the model"
        )
    return Amount(prod(shape), ggml.size(shape, kind))
