"""openai-node and ollama-js, run by Node.js (`npm ci` in this folder installs them)."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
READY = shutil.which("node") is not None and (HERE / "node_modules").is_dir()

pytestmark = pytest.mark.skipif(
    not READY and not os.environ.get("CI"), reason="run `npm ci` in tests/clients, with Node.js"
)


@pytest.fixture(scope="module")
def found(gateway_url: str) -> dict[str, Any]:
    """What a whole conversation of both clients came to."""
    done = subprocess.run(
        ["node", HERE / "clients.mjs", gateway_url],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("client", ["openai", "ollama"])
def test_answers(found: dict[str, Any], client: str) -> None:
    assert "42" in found[f"{client}_answer"]


@pytest.mark.parametrize("client", ["openai", "ollama"])
def test_streams(found: dict[str, Any], client: str) -> None:
    assert "42" in found[f"{client}_stream"]


def test_openai_calls_a_tool(found: dict[str, Any]) -> None:
    assert json.loads(found["openai_tool"]) == {"city": "Paris"}


def test_ollama_calls_a_tool(found: dict[str, Any]) -> None:
    assert found["ollama_tool"] == {"city": "Paris"}


@pytest.mark.parametrize("client", ["openai", "ollama"])
def test_gets_the_structure_that_it_asks_for(found: dict[str, Any], client: str) -> None:
    assert isinstance(json.loads(found[f"{client}_structure"])["total"], int)


def test_responses_end_with_their_end(found: dict[str, Any]) -> None:
    assert found["openai_responses_last"] == "response.completed"


def test_ollama_lists_every_route(found: dict[str, Any]) -> None:
    assert {"auto:latest", "vote:latest"} <= set(found["ollama_models"])
