"""What Ollama has under a name: shapes and weights as its /api/show tells them."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, structs

from homeward.errors import ConfigError, HomewardError
from homeward.machine.estimate import Basis, How, Weights
from homeward.machine.formats.gguf_shapes import shapes_of
from homeward.machine.shapes import Shapes
from homeward.machine.weights.weigh import of_size, of_tensors, projector
from homeward.model import Seconds

if TYPE_CHECKING:
    from homeward.backends.http import Http

WITHIN: Seconds = 3.0  # for the header of a large file on a slow disk
CONNECT: Seconds = 0.3
MOST_SIZE = 1 << 50  # bytes; whoever tells more tells nonsense
LISTS = ("head_count", "head_count_kv", "sliding_window_pattern", "feed_forward_length")
"""What may differ from layer to layer; a short answer leaves out what does."""


class Has(Struct, frozen=True, kw_only=True):
    """``projector`` is in bytes."""

    shapes: Shapes
    weights: Weights
    quant: str
    projector: int
    basis: Basis
    licence: str  # as the file names it


class _Tensor(Struct):
    name: str
    type: str
    shape: Sequence[int]


class _Details(Struct):
    quantization_level: str = ""


class _Shown(Struct):
    remote_host: str = ""
    details: _Details = msgspec.field(default_factory=_Details)
    model_info: dict[str, Any] | None = None
    projector_info: dict[str, Any] | None = None
    tensors: list[_Tensor] | None = None

    @property
    def short(self) -> bool:
        """Whether it leaves out what the shapes need."""
        said = self.model_info or {}
        left_out = [key for key, value in said.items() if value is None or value == []]
        lists = any(key.rpartition(".")[2] in LISTS for key in left_out)
        return lists or (not self.tensors and "tokenizer.ggml.tokens" in left_out)


class _Tag(Struct):
    name: str
    size: int = 0


class _Tags(Struct):
    models: list[_Tag] | None = None


async def has(name: str) -> Has | None:
    """None where Ollama does not run, has no such model, passes it on, or says too little.

    One elsewhere is not asked (nor a name service where it may be), and neither is what the
    server would ask its cloud: nobody who wants to know what fits has allowed that.
    """
    from homeward.backends.http import Http
    from homeward.backends.ollama_server import is_cloud
    from homeward.backends.ollama_stock import is_here, server_url

    try:
        if is_cloud(name) or not is_here(server_url()):
            return None
        async with Http() as http:
            shown = await _show(http, name, verbose=False)
            if shown.short:
                shown = await _show(http, name, verbose=True)
            size = await _size(http, name) if shown.model_info and not shown.remote_host else 0
        return read(name, shown, size) if 0 < size < MOST_SIZE else None
    except (HomewardError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def read(name: str, shown: _Shown, size: int) -> Has:
    """From Ollama's answers; ``size`` is of all its files, in bytes. ConfigError, KeyError."""
    said = shown.model_info or {}
    rows = [(each.name, tuple(each.shape), each.type) for each in shown.tensors or ()]
    shapes = shapes_of(said, rows)
    quant = shown.details.quantization_level or "unknown"
    try:
        weights = of_tensors(shapes, rows, quant, f"tensors of {name}, told by Ollama")
        beside = projector(rows)
        if shown.projector_info:
            beside += max(size - beside - weights.total, 0)
    except ConfigError:  # of a type that is newer than this program
        rows = []
    if not rows:
        beside = _supposed(shown.projector_info, size)
        weights = of_size(shapes, quant, size - beside, f"size of {name}, told by Ollama")
    return Has(
        shapes=shapes,
        weights=structs.replace(weights, basis=structs.replace(weights.basis, how=How.MANIFEST)),
        quant=quant,
        projector=beside,
        basis=Basis(how=How.MANIFEST, source="Ollama's /api/show"),
        licence=str(said.get("general.license") or ""),
    )


def _supposed(said: Mapping[str, Any] | None, size: int) -> int:
    """A projector's bytes: its parameters, of 16 bits as they are published."""
    count = (said or {}).get("general.parameter_count")
    return min(2 * count, size // 2) if isinstance(count, int) and count > 0 else 0


async def _show(http: "Http", name: str, *, verbose: bool) -> _Shown:
    body = {"model": name, "verbose": True} if verbose else {"model": name}
    return msgspec.json.decode(await _ask(http, name, "POST", "/api/show", body), type=_Shown)


async def _size(http: "Http", name: str) -> int:
    from homeward.backends.ollama_server import tagged

    tags = msgspec.json.decode(await _ask(http, name, "GET", "/api/tags"), type=_Tags)
    wanted = tagged(name).lower()
    return next((tag.size for tag in tags.models or () if tag.name.lower() == wanted), 0)


async def _ask(
    http: "Http", name: str, method: str, path: str, body: Mapping[str, Any] | None = None
) -> bytes:
    from homeward.backends.http import Timeouts
    from homeward.backends.ollama_stock import asked

    patience = Timeouts(CONNECT, WITHIN, WITHIN)
    until = time.monotonic() + WITHIN
    return await asked(http, name, method, path, body, timeouts=patience, deadline=until)
