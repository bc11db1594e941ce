from typing import Any

import pytest

from homeward.config import parse
from homeward.defaults import Local, default_config
from homeward.model import Clearance

GIB = 2**30
SMALL = Local("qwen3:4b", {"ollama": {"model": "qwen3:4b"}}, 3 * GIB)
LARGE = Local("gemma3:12b", {"ollama": {"model": "gemma3:12b"}}, 8 * GIB)
CODER = Local("qwen2.5-coder:7b", {"ollama": {"model": "qwen2.5-coder:7b"}}, 5 * GIB)


def route(name: str, *found: Local) -> Any:
    return default_config(found)["models"][name]


def test_with_nothing_found_the_box_answers() -> None:
    assert "box/arith" in str(route("auto"))


def test_the_largest_model_answers_first() -> None:
    assert route("auto", SMALL, LARGE) == {"fallback": ["gemma3:12b", "qwen3:4b"]}


def test_a_coder_answers_code() -> None:
    assert route("auto", LARGE, CODER)["router"]["code"]["fallback"][0] == "qwen2.5-coder:7b"


def test_the_council_has_one_of_each_family() -> None:
    council = route("council", SMALL, LARGE, CODER)
    assert council["ensemble"]["models"] == ["gemma3:12b", "qwen2.5-coder:7b"]


def test_the_box_stays_within_reach_when_models_are_found() -> None:
    assert "demo" in default_config([SMALL])["models"]


@pytest.mark.parametrize("found", [[], [SMALL], [SMALL, LARGE], [SMALL, LARGE, CODER]])
async def test_default_routes_can_be_built(found: list[Local]) -> None:
    import msgspec

    text = msgspec.json.encode(default_config(found)).decode()
    async with parse(text, origin="found").open() as models:
        assert {"auto", "council"} <= set(models)


def test_default_routes_may_not_leave_the_machine() -> None:
    assert default_config([SMALL])["clearance"] == "machine"


def test_a_server_in_the_network_that_was_named_may_be_asked() -> None:
    near = Local("far:7b", {"ollama": {"model": "far:7b"}}, 4 * GIB, Clearance.NETWORK)
    assert default_config([SMALL, near])["clearance"] == "network"
