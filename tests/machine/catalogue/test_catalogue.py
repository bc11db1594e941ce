"""What the rows that are shipped say, held against published figures."""

from math import prod

import pytest

from homeward.machine.catalogue import entries, find, licence
from homeward.machine.catalogue.entry import Entry
from homeward.machine.estimate import Use
from homeward.machine.memory.cache import cache
from homeward.machine.shapes import Layer
from homeward.machine.weights.forms import form
from homeward.machine.weights.tensors import tensors

ROWS = entries()
MIB = 2**20


def counted(entry: Entry) -> int:
    return sum(prod(tensor.shape) for tensor in tensors(entry.shapes))


WHOLE = [entry for entry in ROWS if entry.shapes.whole and form(entry.shapes.architecture).known]


@pytest.mark.parametrize("entry", [e for e in WHOLE if not e.beside], ids=lambda e: e.name)
def test_the_shapes_have_as_many_parameters_as_published(entry: Entry) -> None:
    assert counted(entry) == pytest.approx(entry.shapes.parameters, rel=0.005)


@pytest.mark.parametrize("entry", [e for e in WHOLE if e.beside], ids=lambda e: e.name)
def test_where_more_is_counted_in_the_shapes_have_fewer(entry: Entry) -> None:
    published = entry.shapes.parameters
    assert 0.8 * published < counted(entry) < 1.005 * published


@pytest.mark.parametrize(
    "name", [e.name for e in WHOLE if e.projector and "several" not in e.beside]
)
def test_with_its_projector_it_has_as_many_as_published(name: str) -> None:
    entry = find(name)
    assert counted(entry) + entry.projector == pytest.approx(entry.shapes.parameters, rel=0.005)


@pytest.mark.parametrize("entry", ROWS, ids=lambda e: e.name)
def test_a_row_has_what_everybody_reads(entry: Entry) -> None:
    assert entry.shapes.parameters > 0
    assert entry.shapes.context > 0
    assert entry.provenance
    assert len(entry.released) == len("2025-01-31")
    assert licence(entry.licence).key == entry.licence


@pytest.mark.parametrize("entry", [e for e in ROWS if e.shapes.whole], ids=lambda e: e.name)
def test_a_pattern_fits_its_layers(entry: Entry) -> None:
    shapes = entry.shapes
    assert shapes.layers % len(shapes.pattern) == 0 or len(shapes.pattern) < shapes.layers
    assert (Layer.WINDOW in shapes.kinds) == bool(shapes.window)
    stateful = Layer.RECURRENT in shapes.kinds or Layer.BOTH in shapes.kinds
    assert stateful == (shapes.recurrent is not None)


def test_names_are_told_apart() -> None:
    assert len({entry.name for entry in ROWS}) == len(ROWS)


def test_every_score_has_a_source_and_is_a_share() -> None:
    for entry in ROWS:
        assert all(0 < each.score <= 1 and each.source for each in entry.evidence)


def test_no_strength_without_evidence() -> None:
    assert not [entry.name for entry in ROWS if entry.tasks and not entry.evidence]


@pytest.mark.parametrize(
    ("name", "context", "kv", "mib"),
    [  # llama-fit-params of llama.cpp 0c1e57098
        ("Llama-3.1-8B", 8192, "q8_0", 544),
        ("Gemma-3-27B", 32768, "f16", 3184),
        ("gpt-oss-20b", 32768, "f16", 786),
        ("DeepSeek-V2-Lite", 32768, "f16", 972),
        ("Qwen3.5-9B", 32768, "f16", 1074),
    ],
)
def test_the_cache_is_what_llama_cpp_allocates(name: str, context: int, kv: str, mib: int) -> None:
    found = sum(cache(find(name).shapes, Use(context=context, kv=kv)))
    assert found / MIB == pytest.approx(mib, rel=0.01)


@pytest.mark.parametrize(
    ("name", "billion"),  # as the publishers say, of one token
    [("Qwen3-30B-A3B", 3.3), ("gpt-oss-20b", 3.6), ("DeepSeek-V3", 37), ("Mixtral-8x7B", 12.9)],
)
def test_active_parameters_are_those_published(name: str, billion: float) -> None:
    assert find(name).shapes.active_parameters / 1e9 == pytest.approx(billion, rel=0.1)
