"""Licences, and which of them a model has."""

import pytest

from homeward.errors import ConfigError
from homeward.machine.catalogue import find, licence, licences


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Qwen2.5-7B", "apache-2.0"),
        ("Qwen2.5-3B", "qwen-research"),
        ("Qwen2.5-72B", "qwen"),
        ("Gemma-3-27B", "gemma"),
        ("Gemma-4-31B", "apache-2.0"),
        ("Llama-3.2-3B", "llama3.2"),
        ("Llama-3.2-11B-Vision", "llama3.2-vision"),
        ("DeepSeek-V3", "deepseek"),
        ("DeepSeek-V3-0324", "mit"),
        ("DeepSeek-R1-Distill-Llama-8B", "llama3.1"),
        ("DeepSeek-R1-Distill-Llama-70B", "llama3.3"),
        ("DeepSeek-R1-Distill-Qwen-14B", "mit"),
        ("Mistral-Small-22B", "mrl"),
        ("Mistral-Small-24B", "apache-2.0"),
        ("Codestral-22B", "mnpl"),
        ("MiniMax-M2.5", "modified-mit-minimax"),
        ("MiniMax-M2.7", "minimax-m2.7"),
        ("EXAONE-3.5-32B", "exaone"),
        ("EXAONE-4.0-32B", "exaone-1.2"),
        ("Command-R7B", "cc-by-nc-4.0"),
        ("LFM2-8B-A1B", "lfm1.0"),
    ],
)
def test_a_family_does_not_decide_the_licence(name: str, key: str) -> None:
    assert find(name).licence == key


@pytest.mark.parametrize(
    ("key", "commercial"),
    [
        ("apache-2.0", "yes"),
        ("llama3.1", "conditional"),
        ("qwen-research", "no"),
        ("exaone", "no"),
        ("qwen-community-1.0", "unknown"),
    ],
)
def test_whether_commercial_use_is_allowed(key: str, commercial: str) -> None:
    assert licence(key).commercial == commercial


def test_a_licence_is_found_by_its_spdx_identifier() -> None:
    assert licence("Apache-2.0").key == "apache-2.0"


def test_a_licence_nobody_knows_has_near_ones() -> None:
    with pytest.raises(ConfigError, match=r"no licence 'apache'; near ones are .*apache-2.0"):
        licence("apache")


def test_the_european_clause_is_told() -> None:
    assert any("European Union" in each for each in licence("llama4").conditions)


def test_every_licence_says_who_read_it_when() -> None:
    for each in licences():
        assert each.source
        assert each.how
        assert len(each.checked) == len("2026-11-20")


def test_no_condition_is_cut_inside_a_parenthesis() -> None:
    every = [each for one in licences() for each in one.conditions]
    assert [each for each in every if each.count("(") != each.count(")")] == []
