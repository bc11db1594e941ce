"""A model by its name, from each source there is, and which of them goes first."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from homeward import ggml
from homeward.backends import egress
from homeward.cli.machine.subjects import subject
from homeward.errors import ConfigError, ModelMissing, Unreachable
from homeward.machine.catalogue import find
from homeward.machine.estimate import How
from homeward.machine.shapes import Shapes
from homeward.machine.weights.tensors import tensors
from tests.backends import shape_gguf
from tests.backends.hub_server import Hub, hub
from tests.backends.servers import Asked, Reply, answers, playing

SMALL = Shapes(
    architecture="llama", layers=2, hidden=256, vocab=512, heads=4, kv_heads=2, head_dim=64, ffn=512
)
ROWS = [
    (each.name, each.shape, "F32" if len(each.shape) == 1 else "Q8_0") for each in tensors(SMALL)
]
SAID = {
    "general.architecture": "llama",
    "general.license": "apache-2.0",
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    "llama.block_count": 2,
    "llama.context_length": 4096,
    "llama.embedding_length": 256,
    "llama.feed_forward_length": 512,
}
WEIGHTS = sum(ggml.size(shape, kind) for _, shape, kind in ROWS)
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Ollama, no hub, nothing pulled."""
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OLLAMA_HOST", NOBODY)
    monkeypatch.setenv("HF_ENDPOINT", NOBODY)


# ---------------------------------------------------------------- files


async def test_a_file_is_read(tmp_path: Path) -> None:
    path = shape_gguf.write(tmp_path / "mine.gguf", SAID, ROWS)
    found = await subject(str(path))
    assert (found.name, found.quant, found.weights.total) == ("mine", "Q8_0", WEIGHTS)
    assert found.shapes.layers == 2
    assert found.basis.how is How.FILE
    assert found.licence is not None
    assert found.licence.key == "apache-2.0"


async def test_a_model_of_the_box_is_read_from_the_package() -> None:
    found = await subject("box/arith")
    assert (found.name, found.shapes.context, found.basis.how) == ("box/arith", 256, How.FILE)


@pytest.mark.parametrize("name", ["box/none", "./none.gguf"])
async def test_what_is_not_there_is_a_wrong_name(name: str) -> None:
    with pytest.raises(ConfigError, match=r"there is no|it has"):
        await subject(name)


async def test_another_quantisation_of_a_file_takes_its_shapes(tmp_path: Path) -> None:
    path = shape_gguf.write(tmp_path / "mine.gguf", SAID, ROWS)
    found = await subject(str(path), quant="q4_0")
    assert (found.quant, found.weights.quant) == ("Q4_0", "Q4_0")
    assert found.weights.total < WEIGHTS


async def test_what_sees_in_the_same_file_is_a_projector(tmp_path: Path) -> None:
    rows = [*ROWS, ("v.blk.0.attn_q.weight", (64, 64), "F16")]
    path = shape_gguf.write(tmp_path / "sees.gguf", SAID, rows)
    found = await subject(str(path))
    assert (found.weights.total, found.projector) == (WEIGHTS, 64 * 64 * 2)


async def test_what_was_pulled_goes_before_the_catalogue(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "models" / "google" / "gemma-3-4b-it"
    folder.mkdir(parents=True)
    shape_gguf.write(folder / "small-Q8_0.gguf", SAID, ROWS)
    assert (await subject("google/gemma-3-4b-it")).shapes.layers == 2


async def test_given_shapes_go_before_everything(tmp_path: Path) -> None:
    path = tmp_path / "shapes.json"
    path.write_text(json.dumps({"parameters": 8_000_000_000}))
    found = await subject("gemma3:4b-it-q8_0", arch=path)
    assert (found.shapes.layers, found.quant) == (0, "Q8_0")
    assert found.basis.how is How.GIVEN
    assert found.weights.basis.how is How.PARAMETERS


async def test_shapes_that_lack_a_part_are_scaled_to_the_parameters_given(tmp_path: Path) -> None:
    known = find("Qwen3-30B-A3B").shapes
    row = {
        "architecture": "qwen3_moe",
        "params": 33_000_000_000,
        "layers": known.layers,
        "hidden": known.hidden,
        "heads": known.heads,
        "kv_heads": known.kv_heads,
        "head_dim": known.head_dim,
        "vocab": known.vocab,
        "num_experts": known.experts,
        "experts_per_tok": known.experts_used,
        "ffn_or_moe_ffn": known.expert_ffn,
    }
    path = tmp_path / "row.json"
    path.write_text(json.dumps(row))
    found = (await subject("", arch=path)).weights
    assert found.parameters == 33_000_000_000
    assert found.basis.how is How.PARAMETERS
    assert found.basis.low is not None
    assert found.basis.low < found.total


# ---------------------------------------------------------------- the catalogue


@pytest.mark.parametrize(
    ("name", "quant", "found"),
    [
        ("Llama-3.1-8B", None, "Q4_K_M"),
        ("llama-3.1-8b", "q8_0", "Q8_0"),
        ("gemma3:27b-it-q8_0", None, "Q8_0"),
        ("gemma3:27b-it-qat", None, "Q4_0"),
        ("gemma3:27b-it-q8_0", "Q5_K_M", "Q5_K_M"),
        ("gpt-oss:20b", None, "MXFP4_MOE"),
        ("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF:Q5_K_M", None, "Q5_K_M"),
    ],
)
async def test_the_quantisation_of_a_name(name: str, quant: str | None, found: str) -> None:
    made = await subject(name, quant=quant)
    assert (made.quant, made.weights.quant) == (found, found)
    assert made.basis.how is How.SHAPES
    assert made.entry is not None


async def test_what_sees_is_counted_where_ollama_would_load_it() -> None:
    assert (await subject("gemma3:27b")).projector > 0
    assert (await subject("Gemma-3-27B")).projector == 0


async def test_an_unknown_name_tells_near_ones_and_the_ways_to_name_one() -> None:
    with pytest.raises(ModelMissing, match=r"near ones are .*--arch FILE\.json.*--online"):
        await subject("qwen3:9b-super")


async def test_an_unknown_quantisation_is_refused() -> None:
    with pytest.raises(ConfigError, match="no quantisation"):
        await subject("Llama-3.1-8B", quant="Q4_K_Q")


# ---------------------------------------------------------------- Ollama

SHOW, TAGS = ("POST", "/api/show"), ("GET", "/api/tags")
TENSORS = [{"name": name, "type": kind, "shape": shape} for name, shape, kind in ROWS]
SHOWN: dict[str, Any] = {
    "license": "Apache License",
    "details": {"family": "llama", "parameter_size": "1.1M", "quantization_level": "Q8_0"},
    "model_info": SAID | {"tokenizer.ggml.tokens": None, "tokenizer.ggml.merges": None},
    "tensors": TENSORS,
    "capabilities": ["completion"],
}


def tags(size: int = WEIGHTS + 4000) -> Reply:
    return answers({"models": [{"name": "mine:8b", "model": "mine:8b", "size": size}]})


async def test_what_ollama_has_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async with playing({SHOW: answers(SHOWN), TAGS: tags()}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server)
        found = await subject("mine:8b")
        assert [asked.path for asked in server.asked] == ["/api/show", "/api/tags"]
    assert (found.quant, found.weights.total, found.projector) == ("Q8_0", WEIGHTS, 0)
    assert (found.shapes.layers, found.shapes.vocab) == (2, 512)
    assert found.basis.how is found.weights.basis.how is How.MANIFEST


async def test_ollama_goes_before_the_catalogue_for_a_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = answers({"models": [{"name": "gemma3:4b", "size": WEIGHTS}]})
    async with playing({SHOW: answers(SHOWN), TAGS: listed}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server)
        assert (await subject("gemma3:4b")).basis.how is How.MANIFEST
        assert (await subject("google/gemma-3-4b-it")).basis.how is How.SHAPES


async def test_what_a_short_answer_leaves_out_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def show(asked: Asked) -> Reply:
        heads = [2, 1] if asked.json.get("verbose") else None
        info = SAID | {"llama.attention.head_count_kv": heads}
        return answers(SHOWN | {"model_info": info})

    async with playing({SHOW: show, TAGS: tags()}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server)
        assert (await subject("mine:8b")).shapes.kv_heads == (2, 1)


async def test_a_projector_beside_the_model_is_what_the_size_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    projector = {"general.architecture": "clip", "general.parameter_count": 500}
    show = answers(SHOWN | {"projector_info": projector})
    async with playing({SHOW: show, TAGS: tags(WEIGHTS + 1000)}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server)
        assert (await subject("mine:8b")).projector == 1000


async def test_an_older_server_tells_no_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    def show(asked: Asked) -> Reply:
        tokens = ["a"] * 512 if asked.json.get("verbose") else None
        info = SAID | {"tokenizer.ggml.tokens": tokens}
        return answers({"details": SHOWN["details"], "model_info": info})

    async with playing({SHOW: show, TAGS: tags(2_000_000)}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server)
        found = await subject("mine:8b")
    assert (found.weights.total, found.shapes.vocab) == (2_000_000, 512)


@pytest.mark.parametrize(
    "show",
    [
        answers({"error": "model 'gemma3:4b' not found"}, 404),
        answers({"remote_host": "https://ollama.com:443", "model_info": SAID}),
        answers({"model_info": {"general.architecture": "clip"}}),
        answers([1, 2]),
        Reply(b"<html>"),
    ],
)
async def test_an_ollama_that_does_not_have_it_is_passed_over(
    show: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing({SHOW: show, TAGS: tags()}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server)
        assert (await subject("gemma3:4b")).basis.how is How.SHAPES


# ---------------------------------------------------------------- the hub


def gguf() -> bytes:
    head, size = shape_gguf.header(SAID, ROWS)
    return head + bytes(size - len(head))


CONFIG = {
    "model_type": "llama",
    "hidden_size": 256,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "vocab_size": 512,
    "intermediate_size": 512,
}
REPOS = {
    "org/some-GGUF": {"some-Q8_0.gguf": gguf(), "mmproj-F16.gguf": bytes(3000)},
    "org/torch": {"config.json": json.dumps(CONFIG).encode()},
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub(REPOS) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


async def test_the_hub_is_asked_only_when_told_to(server: Hub) -> None:
    with pytest.raises(ModelMissing, match="--online"):
        await subject("org/some-GGUF")
    assert server.listed == []
    found = await subject("org/some-GGUF", online=True)
    assert (found.quant, found.weights.total, found.projector) == ("Q8_0", WEIGHTS, 3000)
    assert found.basis.how is How.FILE


async def test_what_the_hub_told_once_is_known_offline(
    server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await subject("org/some-GGUF", online=True)
    monkeypatch.setenv("HF_ENDPOINT", NOBODY)
    assert await subject("org/some-GGUF") == first


async def test_a_publishers_config_gives_shapes(server: Hub) -> None:
    found = await subject("org/torch", online=True)
    assert (found.shapes.layers, found.quant) == (3, "Q4_K_M")
    assert "config.json" in found.basis.source


async def test_a_hub_that_is_not_there_is_told_where_nothing_else_helps() -> None:
    with pytest.raises(Unreachable, match="connection refused"):
        await subject("org/some-GGUF", online=True)
    assert (await subject("google/gemma-3-4b-it", online=True)).basis.how is How.SHAPES


@pytest.mark.parametrize("size", [-5, 0, 2**70])
async def test_an_ollama_that_tells_sizes_that_cannot_be_is_passed_over(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = answers({"models": [{"name": "gemma3:4b", "size": size}]})
    told = answers({"details": SHOWN["details"], "model_info": SAID})
    async with playing({SHOW: told, TAGS: listed}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server)
        assert (await subject("gemma3:4b")).basis.how is How.SHAPES


async def test_ollama_is_not_asked_for_what_it_would_ask_its_cloud(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with playing({SHOW: answers(SHOWN), TAGS: tags()}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server)
        with suppress(ModelMissing):
            await subject("gpt-oss:120b-cloud")
        assert not server.asked


async def test_ollama_elsewhere_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is a name service: what is no number nor localhost may lie anywhere."""
    monkeypatch.setattr(egress, "resolve", _nobody)
    for host in ("https://ollama.com", "http://192.0.2.7:11434", "models.example.org"):
        monkeypatch.setenv("OLLAMA_HOST", host)
        assert (await subject("gemma3:4b")).basis.how is How.SHAPES


def _nobody(host: str, port: int) -> NoReturn:
    raise AssertionError(f"{host}:{port} was asked")
