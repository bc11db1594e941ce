"""Which row of the catalogue a name means."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.errors import ModelMissing
from homeward.machine.catalogue import entries, find, parse
from homeward.machine.catalogue.names import key, names

PLAIN = {
    "Llama-3.1-8B": "Llama-3.1-8B",
    "Llama-3.2-3B": "Llama-3.2-3B",
    "Llama-3.3-70B": "Llama-3.3-70B",
    "Qwen2.5-7B": "Qwen2.5-7B",
    "Qwen3-8B": "Qwen3-8B",
    "Qwen3-30B-A3B": "Qwen3-30B-A3B",
    "Gemma-3-4B": "Gemma-3-4B",
    "Gemma-3-12B": "Gemma-3-12B",
    "Gemma-3-27B": "Gemma-3-27B",
    "gpt-oss-20b": "gpt-oss-20b",
    "gpt-oss-120b": "gpt-oss-120b",
    "DeepSeek-V2-Lite": "DeepSeek-V2-Lite",
    "DeepSeek-V3-671B": "DeepSeek-V3",
    "Qwen3.5-9B": "Qwen3.5-9B",
    "Qwen3.5-9B_text": "Qwen3.5-9B",
    "Phi-4-14B": "Phi-4-14B",
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_names_of_the_measured_models(name: str) -> None:
    assert find(name).name == PLAIN[name]


@pytest.mark.parametrize(
    ("name", "wanted", "quant"),
    [
        ("llama3.1", "Llama-3.1-8B", None),
        ("llama3.1:latest", "Llama-3.1-8B", None),
        ("llama3.1:8b-instruct-q4_K_M", "Llama-3.1-8B", "Q4_K_M"),
        ("library/qwen3:30b", "Qwen3-30B-A3B-Thinking-2507", None),
        ("qwen3:8b-q8_0", "Qwen3-8B", "Q8_0"),
        ("gemma3:27b-it-qat", "Gemma-3-27B", None),
        ("deepseek-r1:14b", "DeepSeek-R1-Distill-Qwen-14B", None),
        ("deepseek-r1", "DeepSeek-R1-0528-Qwen3-8B", None),
        ("phi4", "Phi-4-14B", None),
        ("phi3", "Phi-3-mini-128k", None),  # context 131072 in `ollama show`
        ("granite3.1-moe", "Granite-3.1-3B-A800M", None),  # one digest with granite3.1-moe:3b
        ("qwen3:30b-a3b-q4_K_M", "Qwen3-30B-A3B", "Q4_K_M"),
        ("mistral", "Mistral-7B-v0.3", None),
        ("meta-llama/Llama-3.1-8B-Instruct", "Llama-3.1-8B", None),
        ("unsloth/Qwen3-30B-A3B-Instruct-2507-GGUF", "Qwen3-30B-A3B-Instruct-2507", None),
        ("hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q5_K_S", "Llama-3.2-3B", "Q5_K_S"),
        ("https://huggingface.co/Qwen/Qwen3-8B", "Qwen3-8B", None),
        ("google_gemma-3-1b-it-Q4_K_M.gguf", "Gemma-3-1B", "Q4_K_M"),
        ("models/Meta-Llama-3.1-70B-Instruct-Q6_K-00001-of-00002.gguf", "Llama-3.1-70B", "Q6_K"),
        ("TinyLlama-1.1B-Chat-v1.0.i1-IQ4_XS.gguf", "TinyLlama-1.1B", "IQ4_XS"),
        ("LFM2.5-8B-A1B-UD-Q4_K_XL.gguf", "LFM2.5-8B-A1B", "UD-Q4_K_XL"),
        ("gpt-oss-20b-MXFP4.gguf", "gpt-oss-20b", "MXFP4"),
        ("mlx-community/Qwen3-14B-4bit", "Qwen3-14B", None),
        ("Qwen3.5-9B(text)", "Qwen3.5-9B", None),
        ("Qwen3.5-9B (text) Q4_K_M", "Qwen3.5-9B", "Q4_K_M"),
        ("deepseek-coder-v2:16b-lite-instruct-q4_K_M", "DeepSeek-Coder-V2-Lite", "Q4_K_M"),
        ("Qwen2.5 72B Instruct", "Qwen2.5-72B", None),
        ("Mistral-7B-Instruct-v0.3-fp16", "Mistral-7B-v0.3", "F16"),
    ],
)
def test_names_as_registries_and_files_have_them(name: str, wanted: str, quant: str | None) -> None:
    found = parse(name)
    assert (found.entry.name, found.quant) == (wanted, quant)


@pytest.mark.parametrize(
    "name", ["meta-llama/Llama-3.1-8B", "llama3.1:8b-text-q4_K_M", "Qwen3.5-0.8B-Base"]
)
def test_a_base_model_is_one(name: str) -> None:
    assert find(name).kind == "base"


def test_a_base_model_has_no_strengths_of_the_one_that_answers() -> None:
    found = find("meta-llama/Llama-3.1-8B")
    assert not found.tasks
    assert not found.evidence
    assert not found.ollama


def test_a_forecast_model_says_what_it_is() -> None:
    found = find("timesfm")
    assert found.kind == "forecast"
    assert "no language model" in found.about


def test_a_model_that_is_missing_has_near_ones() -> None:
    with pytest.raises(ModelMissing, match=r"no model 'qwen3:9b'; near ones are .*qwen3:8b"):
        find("qwen3:9b")


def test_at_most_five_are_near() -> None:
    with pytest.raises(ModelMissing) as caught:
        find("qwen3:9b")
    assert str(caught.value).partition("near ones are ")[2].count(",") == 4


def test_a_name_like_none_says_how_to_go_on() -> None:
    with pytest.raises(ModelMissing, match="--arch"):
        find("zzzz")


@pytest.mark.parametrize(
    "name", ["someone/Llama-3.1-8B-abliterated", "Jackrong_Qwen3.5-9B-Neo-Q4_K_M.gguf"]
)
def test_what_somebody_made_of_a_model_is_not_that_model(name: str) -> None:
    with pytest.raises(ModelMissing):
        find(name)


def test_no_name_means_two_models() -> None:
    claimed: dict[str, str] = {}
    for entry in entries():
        for name in (*names(entry), *entry.base):
            assert claimed.setdefault(key(name), entry.name) == entry.name


@given(st.data())
def test_every_name_finds_its_row_whatever_its_case(data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(entries()))
    name = data.draw(st.sampled_from([*names(entry)]))
    written = data.draw(st.sampled_from([name, name.upper(), name.lower(), f" {name} "]))
    assert find(written) is entry


@given(st.text())
def test_any_text_is_a_name_or_missing(text: str) -> None:
    with suppress(ModelMissing):
        assert find(text).name


@pytest.mark.parametrize("name", ["deepseek-coder-v2:16b-lite-base-q6_K", "Llama-3.1-8B (base)"])
def test_a_base_model_is_told_by_its_tag(name: str) -> None:
    assert find(name).kind == "base"


def test_a_tag_that_goes_on_with_other_words_is_another_model() -> None:
    with pytest.raises(ModelMissing, match=r"qwen2\.5:7b"):
        find("qwen2.5:7b-somebodys")
