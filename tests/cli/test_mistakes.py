"""What commonly goes wrong is told in one sentence, which says how to mend it."""

import json
import socket
from pathlib import Path

import pytest

from homeward.box import path as box
from tests.backends.servers import answers, certificates, lines, sse
from tests.cli.background import served
from tests.cli.program import Program, Run

CHAT = ("POST", "/v1/chat/completions")
HELLO = json.dumps({"choices": [{"index": 0, "delta": {"content": "half an ans"}}]})


def asked(homeward: Program, **leaf: dict[str, str]) -> Run:
    Path("homeward.yaml").write_text(json.dumps({"models": {"it": leaf}}))
    return homeward("ask", "What is 17 + 25?")


def sentence(run: Run) -> str:
    """The one line of an error: not a traceback, and not empty."""
    assert run.code in (1, 3)
    assert run.err.startswith("homeward: ")
    assert run.err.count("\n") == 1
    return run.err


def test_a_file_that_is_not_there(homeward: Program) -> None:
    run = homeward("ask", "-c", "nowhere.yaml", "hello")
    assert "nowhere.yaml cannot be read" in sentence(run)


def test_a_file_that_is_no_yaml(homeward: Program) -> None:
    Path("homeward.yaml").write_text("models: {a: [\n")
    assert "homeward.yaml:" in sentence(homeward("ask", "hello"))


def test_a_port_that_refuses(homeward: Program) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    told = sentence(asked(homeward, openai={"model": "x", "base_url": url}))
    assert "connection refused" in told
    assert "is the server running?" in told


def test_a_certificate_that_fails(homeward: Program) -> None:
    with served({}, tls=certificates("localhost").server) as url:
        told = sentence(asked(homeward, openai={"model": "x", "base_url": url, "api_key": "k"}))
    assert "certificate" in told
    assert "SSL_CERT_FILE" in told


def test_a_model_that_is_not_there(homeward: Program) -> None:
    missing = answers({"error": "model 'nobody' not found"}, status=404)
    with served({("POST", "/api/show"): missing, ("POST", "/api/chat"): missing}) as url:
        told = sentence(asked(homeward, ollama={"model": "nobody", "base_url": url}))
    assert "ollama pull nobody" in told


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_truncated_model_file(homeward: Program, tmp_path: Path, size: int) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(box("draft").read_bytes()[:size])
    told = sentence(asked(homeward, embedded={"model": str(cut)}))
    assert "cut.gguf" in told


def test_a_model_file_that_is_not_there(homeward: Program, tmp_path: Path) -> None:
    gone = tmp_path / "gone.gguf"
    assert "gone.gguf" in sentence(asked(homeward, embedded={"model": str(gone)}))


def test_malformed_json_in_an_answer(homeward: Program) -> None:
    with served({CHAT: sse("{not json")}) as url:
        told = sentence(asked(homeward, openai={"model": "x", "base_url": url}))
    assert "JSON" in told


def test_a_stream_that_is_cut_in_the_middle(homeward: Program) -> None:
    with served({CHAT: sse(HELLO, cut=True)}) as url:
        run = asked(homeward, openai={"model": "x", "base_url": url})
    assert run.out.startswith("half an ans")
    assert run.code == 1
    assert "homeward: " in run.err


def test_a_stream_without_its_end_mark(homeward: Program) -> None:
    show = ("POST", "/api/show"), answers({"capabilities": ["completion"]})
    half = {"model": "x", "message": {"role": "assistant", "content": "half"}, "done": False}
    with served(dict([show]) | {("POST", "/api/chat"): lines(half)}) as url:
        run = asked(homeward, ollama={"model": "x", "base_url": url})
    assert run.code == 1


def test_what_may_not_leave_the_machine_does_not(homeward: Program) -> None:
    leaf = {"model": "x", "base_url": "http://192.0.2.7:1/v1"}
    Path("homeward.yaml").write_text(
        json.dumps({"clearance": "machine", "models": {"it": {"openai": leaf}}})
    )
    run = homeward("ask", "my diagnosis")
    assert run.code == 4
    assert "--clearance world" in run.err
