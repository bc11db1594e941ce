"""A model as somebody named it, with all that could be found out about it."""

from msgspec import Struct

from homeward.machine.catalogue.entry import Entry, Licence
from homeward.machine.estimate import Basis, Weights
from homeward.machine.shapes import Shapes


class Subject(Struct, frozen=True, kw_only=True):
    """``projector`` is in bytes, ``basis`` tells where the shapes come from."""

    name: str
    quant: str
    shapes: Shapes
    weights: Weights
    basis: Basis
    projector: int = 0
    licence: Licence | None = None
    entry: Entry | None = None
