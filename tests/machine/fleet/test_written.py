"""What is written for each runtime, read again by a reader of its form."""

import re
import shlex
from typing import Any

import yaml

from homeward.config import parse
from homeward.machine.fleet.plan import Plan, plan
from homeward.machine.fleet.server import Server
from homeward.machine.fleet.written import FORMS, drop_in, environment, exports, llama_swap, nodes
from tests.machine.fleet.sets import (
    CARD_24,
    GEMMA_27B,
    LLAMA_8B,
    QWEN_14B,
    card,
    embedding,
    machine,
    model,
)

TOGETHER = plan([model(LLAMA_8B), model(QWEN_14B), embedding()], CARD_24)
TURNS = plan([embedding(), model(QWEN_14B, path="/m/14 b.gguf"), model(GEMMA_27B)], CARD_24)


def swapped(found: Plan) -> Any:
    return yaml.safe_load(llama_swap(found))


def test_a_set_that_fits_is_kept_for_ever() -> None:
    found = environment(TOGETHER)
    assert found["OLLAMA_KEEP_ALIVE"] == "-1"
    assert found["OLLAMA_MAX_LOADED_MODELS"] == "3"


def test_where_some_take_turns_the_server_keeps_its_time() -> None:
    found = environment(TURNS)
    assert found["OLLAMA_KEEP_ALIVE"] == "300s"
    assert found["OLLAMA_MAX_LOADED_MODELS"] == "2"


def test_ollama_reads_its_environment_as_it_was_meant() -> None:
    quantised = plan([model(LLAMA_8B, 8192, kv="q8_0")], CARD_24, Server(kv="q8_0"))
    read = Server.of(environment(quantised))
    assert (read.kv, read.context, read.flash_attention) == ("q8_0", 8192, True)


def test_the_exports_are_lines_of_a_shell() -> None:
    lines = [line for line in exports(TURNS).splitlines() if not line.startswith("#")]
    words = [shlex.split(line) for line in lines]
    assert {pair.split("=")[0] for _, pair in words} == set(environment(TURNS))
    assert {word for word, _ in words} == {"export"}


def test_the_drop_in_has_one_section_with_the_same_variables() -> None:
    lines = [line for line in drop_in(TURNS).splitlines() if not line.startswith("#")]
    assert lines[0] == "[Service]"
    pairs = re.findall(r'^Environment="(\w+)=([^"]*)"$', "\n".join(lines[1:]), re.MULTILINE)
    assert dict(pairs) == environment(TURNS)
    assert len(pairs) == len(lines) - 1


def test_llama_swap_has_a_command_for_each_model() -> None:
    found = swapped(TURNS)["models"]
    assert set(found) == {member.name for member in TURNS.members}
    words = shlex.split(found["qwen3:14b"]["cmd"])
    assert words[words.index("--model") + 1] == "/m/14 b.gguf"
    assert "${PORT}" in words


def test_residents_are_persistent_and_others_make_each_other_unload() -> None:
    groups = swapped(TURNS)["routing"]["router"]["settings"]["groups"]
    assert groups["residents"] == {
        "swap": False,
        "exclusive": False,
        "persistent": True,
        "members": ["nomic-embed-text"],
    }
    assert groups["turn-1"]["exclusive"]
    assert groups["turn-1"]["members"] != groups["turn-2"]["members"]


def test_each_model_is_in_one_group() -> None:
    groups = swapped(TURNS)["routing"]["router"]["settings"]["groups"].values()
    every = [name for group in groups for name in group["members"]]
    assert sorted(every) == sorted(member.name for member in TURNS.members)


def test_llama_swap_preloads_the_residents() -> None:
    assert swapped(TURNS)["hooks"]["on_startup"]["preload"] == ["nomic-embed-text"]


async def test_the_nodes_are_a_configuration() -> None:
    for found in (TOGETHER, TURNS):
        config = parse(nodes(found), origin="a plan")
        assert list(config.models) == [member.name for member in found.members]


def test_those_that_take_turns_share_a_lane_and_residents_do_not() -> None:
    kinds = {name: kind for name, kind, _ in parse(nodes(TURNS), origin="a plan").outline()}
    assert kinds == {
        "nomic-embed-text": "limited",
        "qwen3:14b": "sequential",
        "gemma3:27b": "sequential",
    }


def test_models_that_ollama_would_not_keep_share_a_lane_although_they_fit() -> None:
    large = machine(card(38))
    found = plan([model(GEMMA_27B, 2048, name=name) for name in "ab"], large)
    assert found.settings.reach == "memory"
    kinds = {kind for _, kind, _ in parse(nodes(found), origin="a plan").outline()}
    assert kinds == {"sequential"}


def test_each_form_is_the_same_twice() -> None:
    for form in FORMS.values():
        assert form(TURNS) == form(TURNS)


def test_a_name_cannot_break_out_of_a_comment() -> None:
    odd = plan([model(LLAMA_8B, name="a\nmodels: {}")], CARD_24)
    assert list(yaml.safe_load(nodes(odd))["models"]) == ["a\nmodels: {}"]
