"""``homeward serve``: what it says before it serves, and what it refuses."""

import platform
import signal
import subprocess
import sys
import threading
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.backends.servers import Asked, Reply, answers
from tests.cli.background import served
from tests.cli.program import Program
from tests.contract import PATIENCE

FILE = """
models:
  a: {echo: {}}
  slow: {scripted: {says: [one, two, three], every: 0.1}}
  last: {echo: {}}
default: last
"""


def start(*words: str) -> "subprocess.Popen[str]":
    """The program as a shell starts it, in the present directory."""
    return subprocess.Popen(
        [sys.executable, "-m", "homeward", "serve", *words, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(serving: "subprocess.Popen[str]") -> str:
    """What it says until it is ready."""
    assert serving.stderr is not None
    lines = []
    while line := serving.stderr.readline():
        lines.append(line)
        if "Ctrl-C stops" in line:
            break
    return "".join(lines)


def test_an_answer_that_is_under_way_ends_before_the_gateway_does(homeward: Program) -> None:
    Path("some.yaml").write_text(FILE)
    serving = start("some.yaml")
    said = told(serving)
    assert "from some.yaml" in said
    url = said.split()[2]
    body = b'{"model": "slow", "stream": true, "messages": [{"role": "user", "content": "hi"}]}'
    with urlopen(Request(f"{url}/v1/chat/completions", body), timeout=PATIENCE) as answer:
        answer.readline()
        serving.send_signal(signal.SIGTERM)
        rest = answer.read()
    out, err = serving.communicate(timeout=PATIENCE)
    assert b"three" in rest
    assert rest.endswith(b"data: [DONE]\n\n")
    assert (serving.returncode, out, err) == (0, "", "")


def test_others_are_told_a_name_that_they_can_call_and_the_default_first(
    homeward: Program,
) -> None:
    Path("homeward.yaml").write_text(FILE)
    homeward("keys", "create", "anna")
    serving = start("--host", "0.0.0.0")
    said = told(serving)
    serving.send_signal(signal.SIGINT)
    serving.communicate(timeout=PATIENCE)
    assert f"OPENAI_BASE_URL=http://{platform.node()}:" in said
    assert "a key is needed" in said
    assert "models                last, a, slow" in said


def test_ollama_is_asked_what_it_has_loaded_when_the_gateway_starts(homeward: Program) -> None:
    asked = threading.Event()

    def ps(_: Asked) -> Reply:
        asked.set()
        return answers({"models": []})

    with served({("GET", "/api/ps"): ps}) as url:
        node = f'{{ollama: {{model: "a:1", base_url: "{url}"}}}}'
        Path("homeward.yaml").write_text(f"models: {{a: {node}}}")
        serving = start()
        told(serving)
        seen = asked.wait(PATIENCE)
        serving.send_signal(signal.SIGINT)
        serving.communicate(timeout=PATIENCE)
    assert seen


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        (
            "certificate: nope.pem",
            "serve.certificate (nope.pem) cannot be used with its certificate_key (in the same "
            "file): No such file or directory; both are PEM files",
        ),
        (
            "certificate: homeward.yaml",
            "serve.certificate (homeward.yaml) cannot be used with its certificate_key (in the "
            "same file): ",
        ),
        ("host: 0.0.0.0", "make one with `homeward keys create NAME`, or serve on 127.0.0.1"),
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_is_said(
    homeward: Program, section: str, sentence: str
) -> None:
    Path("homeward.yaml").write_text(f"{FILE}serve: {{{section}, port: 0}}\n")
    run = homeward("serve")
    assert run.code == 3
    assert sentence in run.err
    assert (run.err.count("\n"), run.out) == (1, "")
