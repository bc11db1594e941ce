"""Shapes that a user gives in a JSON file."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.machine.catalogue import entries, find
from homeward.machine.formats.arch_file import FIELDS, read, shapes_from
from homeward.machine.shapes import Shapes

# a row as publishers' tables have it: facts of huggingface.co/google/gemma-3-4b-it
ROW = {
    "hf_id": "google/gemma-3-4b-it",
    "architecture": "gemma3",
    "params": "4300079472",
    "is_moe": "False",
    "active_params": "",
    "num_experts": "",
    "layers": "34",
    "hidden": "2560",
    "heads": "8",
    "kv_heads": "4",
    "head_dim": "256",
    "ffn_or_moe_ffn": "10240",
    "vocab": "262208",
    "attention_pattern": "swa,period6",
    "license": "gemma",
}
SMALL = {"layers": 2, "hidden": 64, "heads": 4, "kv_heads": 2, "head_dim": 16, "ffn": 128}


def written(path: Path, value: Any) -> Path:
    file = path / "shapes.json"
    file.write_text(json.dumps(value))
    return file


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_what_the_catalogue_writes_is_read(entry: Any) -> None:
    written = msgspec.json.decode(msgspec.json.encode(entry.shapes))
    assert shapes_from({"tied": False} | written) == entry.shapes


def test_a_row_of_a_publishers_table_is_read(tmp_path: Path) -> None:
    found = read(written(tmp_path, ROW))
    assert (found.layers, found.hidden, found.ffn, found.parameters) == (
        34,
        2560,
        10240,
        4300079472,
    )
    assert (found.pattern, found.window) == ("WWWWWF", 1024)


def test_whether_one_matrix_is_both_is_told_by_the_number_of_parameters() -> None:
    assert shapes_from(ROW).tied
    row = {field: getattr(find("Llama-3.1-8B").shapes, field) for field in FIELDS}
    row = {field: value for field, value in row.items() if value and field != "tied"}
    assert not shapes_from(row).tied
    assert shapes_from(row | {"parameters": row["parameters"] - 128256 * 4096}).tied


def test_a_number_of_parameters_alone_will_do(tmp_path: Path) -> None:
    assert read(written(tmp_path, {"parameters": 8_000_000_000})) == Shapes(
        parameters=8_000_000_000
    )


def test_a_list_of_one_is_that_one(tmp_path: Path) -> None:
    assert read(written(tmp_path, [SMALL])).layers == 2


def test_the_width_in_a_table_is_that_of_experts_where_there_are_any() -> None:
    found = shapes_from(SMALL | {"num_experts": 8, "experts_per_tok": 2, "ffn_or_moe_ffn": 32})
    assert (found.experts, found.experts_used, found.expert_ffn, found.ffn) == (8, 2, 32, 128)


@pytest.mark.parametrize(
    ("words", "architecture", "pattern", "window"),
    [
        ("full", "llama", "F", 0),
        ("WWF", "llama", "WWF", 512),
        ("swa:4096,period2", "gemma2", "WF", 4096),
        ("swa:128,period2", "gpt_oss", "WF", 128),
        ("swa,period4", "laguna", "FWWW", 512),
        ("swa:4096,period4 (32B)", "exaone4", "F", 0),
        ("chunked:8192,period4", "llama4", "WWWF", 8192),
        ("swa,array", "gemma4_unified", "WWWWWF", 1024),
        ("hybrid:full every 4", "qwen3_5", "RRRF", 0),
        ("hybrid mamba2", "nemotron_h", "F", 0),
        ("ssm", "falcon_mamba", "R", 0),
    ],
)
def test_patterns_in_words(words: str, architecture: str, pattern: str, window: int) -> None:
    said = SMALL | {"layers": 12, "architecture": architecture, "attention_pattern": words}
    found = shapes_from(said | ({"window": 512} if words == "WWF" else {}))
    assert (found.pattern, found.window) == (pattern, window)


def test_latent_attention_in_words_is_deepseeks() -> None:
    found = shapes_from(SMALL | {"attention_pattern": "mla", "architecture": "deepseek_v3"})
    assert (found.kv_lora_rank, found.rope_dim, found.head_dim) == (512, 64, 0)
    assert shapes_from(SMALL | {"pattern": "mla", "kv_lora_rank": 256}).kv_lora_rank == 256


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"layrs": 2}, r"'layrs' is not known, do you mean layers\? There are name, architecture"),
        (SMALL | {"experts": 2, "num_experts": 3}, "experts are the same and say different"),
        (SMALL | {"layers": "many"}, "layers is of a wrong kind"),
        (SMALL | {"heads": 1.5}, "heads is of a wrong kind"),
        (SMALL | {"hidden": -1}, "hidden is -1"),
        (SMALL | {"kv_heads": [1, 2, 3]}, "kv_heads has 3 numbers for 2 layers"),
        (SMALL | {"kv_heads": 8}, "kv_heads is 8 and heads is 4"),
        (SMALL | {"pattern": "FFF"}, "3 letters for 2 layers"),
        (SMALL | {"pattern": "W"}, "say window"),
        (SMALL | {"pattern": "sometimes"}, "pattern 'sometimes' is not known"),
        (SMALL | {"experts": 2, "experts_used": 4}, "experts_used is 4 and experts is 2"),
        (SMALL | {"kv_lora_rank": 512}, "without rope_dim"),
        ({"name": "nothing"}, "say at least parameters, or layers and hidden"),
        ([1, 2], "holds no object"),
        ("words", "holds no object"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, said: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read(written(tmp_path, said))


def test_no_json_and_no_file_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "nothing.json")
    (tmp_path / "text.json").write_text("layers: 2")
    with pytest.raises(ConfigError, match=r"text\.json is no JSON"):
        read(tmp_path / "text.json")


SAID = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 99), st.floats(), st.text(max_size=4), st.lists(
        st.integers(-1, 9), max_size=4
    )
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*FIELDS, "attention_pattern", "params"]), SAID))
def test_any_fields_are_read_or_refused(said: dict[str, Any]) -> None:
    try:
        found = shapes_from(said)
    except ConfigError:
        return
    assert len(found.kinds) == found.layers


@pytest.mark.parametrize(
    "said",
    [
        SMALL | {"layers": 10**9},
        SMALL | {"head_dim": 10**17},
        SMALL | {"context": 10**30},
        {"parameters": 10**300},
        SMALL | {"vocab": 512, "pattern": "R", "recurrent": {"conv": -5, "inner": -(10**9)}},
        SMALL | {"vocab": 512, "pattern": "R", "recurrent": {"conv": 4, "inner": 10**30}},
        SMALL | {"shared_kv_layers": 3},
        {"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 10**26},
        {"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "vocab_size": 10**60},
    ],
)
def test_sizes_that_cannot_be_are_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        shapes_from(said)
