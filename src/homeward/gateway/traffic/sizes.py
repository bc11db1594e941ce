"""What a model of this package takes in memory once it is loaded, and what there is of that."""

import re
from functools import lru_cache
from math import inf
from pathlib import Path

from homeward.backends import memory
from homeward.backends.child import Plan, window
from homeward.backends.gguf import read_header
from homeward.backends.gguf_content import read_model
from homeward.errors import HomewardError
from homeward.machine.estimate import Use
from homeward.machine.formats.gguf_shapes import shapes_of
from homeward.machine.memory.memory import memory as memory_of
from homeward.machine.scan.disk import disk, models_folder
from homeward.machine.scan.memory import ram
from homeward.machine.weights.weigh import of_tensors

SHARD = re.compile(r"-00001(-of-\d{5}\.gguf)$")
ROOT = Path("/")
BATCH = 512  # tokens that llama.cpp computes at a time


def needed(plan: Plan) -> int:
    """Bytes: its weights, cache and buffers, and its draft's.

    The files' size where they tell too little, 0 where there are none.
    """
    changed = tuple(_stamp(path) for path in (plan.model, plan.draft, plan.adapter))
    try:
        return _needed(plan, changed)
    except HomewardError:  # whoever asks it will be told
        return file_size(plan)


def available() -> float:
    """Bytes that models may take, within the container's limits; infinity where nobody knows."""
    found = ram(ROOT)
    return found.free if found is not None else memory.available() or inf


def reading(folder: Path | None = None) -> float:
    """Bytes a second at which a model's file is likely to be read; of Ollama's without a folder."""
    return disk(folder or models_folder()).bandwidth


def file_size(plan: Plan) -> int:
    """Bytes of the model's files, and of its draft's; 0 for what cannot be read."""
    files = (plan.model, plan.draft, plan.adapter)
    return sum(_size(path) for path in files if path is not None)


@lru_cache(maxsize=64)
def _needed(plan: Plan, changed: tuple[float, ...]) -> int:
    """``changed`` is when the files were: others of the same name are read again."""
    tokens = window(plan, read_header(plan.model, mend=plan.mend))
    batch = tokens if plan.embeds else BATCH  # a text to embed is worked on in one piece
    use = Use(context=tokens * plan.parallel, parallel=plan.parallel, ubatch=batch)
    models = [path for path in (plan.model, plan.draft) if path is not None]
    beside = 0 if plan.adapter is None else _size(plan.adapter)
    return beside + sum(_loaded(path, use) for path in models)


def _loaded(path: Path, use: Use) -> int:
    content = read_model(path)
    shapes = shapes_of(content.metadata, content.rows)
    weights = of_tensors(shapes, content.rows, content.quantization, str(path))
    return memory_of(shapes, weights, use).total


def _stamp(path: Path | None) -> float:
    try:
        return 0.0 if path is None else path.stat().st_mtime
    except OSError:
        return 0.0


def _size(first: Path) -> int:
    shards = [first]
    if found := SHARD.search(first.name):
        shards = list(first.parent.glob(f"{first.name[: found.start()]}-*{found[1]}"))
    try:
        return sum(path.stat().st_size for path in shards)
    except OSError:
        return 0
