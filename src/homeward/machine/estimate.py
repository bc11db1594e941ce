"""What is said of a model on a machine. Sizes are in bytes, speeds in tokens a second.

Every number has a `Basis`: how it came to be, from which source, and how far off it may be.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class How(StrEnum):
    """From the surest to the least sure."""

    MEASURED = "measured"  # on this machine
    FILE = "file"  # the file's own header and size
    MANIFEST = "manifest"  # what a registry or a runtime says of its file
    SHAPES = "shapes"  # computed from exact shapes
    PARAMETERS = "parameters"  # from the number of parameters and a table
    GIVEN = "given"  # by the user
    TABLE = "table"  # published figures of a device
    ASSUMED = "assumed"


class Basis(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``low`` and ``high`` are the band, in the unit of the number; none where it is exact."""

    how: How
    source: str
    low: float | None = None
    high: float | None = None


class Range(Struct, frozen=True):
    """Nine of ten measurements lie from ``low`` to ``high``."""

    low: float
    mid: float
    high: float


class Use(Struct, frozen=True, kw_only=True):
    """How a model is to be run. ``context`` is all of it, for the ``parallel`` slots together.

    ``unified``: the slots share one cache (llama-server's default), instead of having equal parts.
    """

    context: int
    kv: str = "f16"  # type of the cache
    parallel: int = 1
    ubatch: int = 512  # tokens that are computed at a time
    flash_attention: bool = True
    unified: bool = False


class LayerWeights(Struct, frozen=True):
    """Bytes of one layer. ``experts`` are of its routed experts, ``dense`` of all the rest."""

    dense: int
    experts: int = 0


class Weights(Struct, frozen=True, kw_only=True):
    """``total`` is what the tensors take in the file.

    ``embedding`` is the input table: llama.cpp leaves it in host memory, and a tied model has it
    once more as ``output`` where it is computed (then ``total`` counts it once).
    ``active`` is what is read for one token: everything but the embedding, k of n experts.
    """

    quant: str
    total: int
    embedding: int
    output: int  # the output matrix and what else is not in a layer
    layers: tuple[LayerWeights, ...]
    active: int
    parameters: int
    active_parameters: int
    tied: bool
    basis: Basis

    @property
    def on_device(self) -> int:
        """Bytes on a GPU that has all layers."""
        return self.output + sum(each.dense + each.experts for each in self.layers)


class Memory(Struct, frozen=True, kw_only=True):
    """``kv`` holds recurrent state too; ``kv_layers`` is it layer by layer."""

    weights: Weights
    kv: int
    kv_layers: tuple[int, ...]
    compute: int
    projector: int  # of images and sound, with its working memory
    overhead: int  # the runtime's own, for each process and device
    basis: Mapping[str, Basis]  # of weights, kv, compute, projector, overhead

    @property
    def total(self) -> int:
        return self.weights.total + self.kv + self.compute + self.projector + self.overhead


class Placement(Struct, frozen=True, kw_only=True):
    """Where it would run. ``gpu_bytes`` are by the number of the GPU, in the scan's order.

    ``gpu_layers`` counts layers whose attention is on a GPU, ``expert_layers`` those whose experts
    are too.
    """

    where: str  # gpu, split, ram, none
    gpu_layers: int = 0
    expert_layers: int = 0
    gpu_bytes: Mapping[int, int] = {}
    ram_bytes: int = 0
    because: str = ""


class Fits(Struct, frozen=True):
    """Whether it fits in the GPUs alone, in main memory alone, in both together."""

    gpu: bool
    ram: bool
    split: bool


class Bound(Struct, frozen=True, kw_only=True):
    """What a token of an answer takes its time for: ``read`` bytes at ``bandwidth``, which is
    ``share`` of the time; the rest goes on launching what computes.
    """

    read: float
    bandwidth: float
    share: float


class Speed(Struct, frozen=True, kw_only=True):
    """Tokens a second; ``decode`` at the end of the context that ``depth`` tokens fill.

    ``bound`` is None where it runs nowhere.
    """

    decode: Range
    prefill: Range
    depth: int
    basis: Basis
    bound: Bound | None = None
