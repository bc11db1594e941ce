"""The `llm` command."""

import os
import subprocess
import sys
from pathlib import Path


def llm(home: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "llm", *words],
        env={**os.environ, "LLM_USER_PATH": str(home), "OPENAI_API_KEY": "none"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def knows(home: Path, url: str) -> None:
    """As its documentation says for servers that speak OpenAI's protocol."""
    lines = ["- model_id: home", "  model_name: auto", f"  api_base: {url}/v1"]
    (home / "extra-openai-models.yaml").write_text("\n".join(lines) + "\n")


def test_asks_and_streams(gateway_url: str, tmp_path: Path) -> None:
    knows(tmp_path, gateway_url)
    assert "42" in llm(tmp_path, "-m", "home", "What is 17 + 25?")


def test_continues_a_conversation(gateway_url: str, tmp_path: Path) -> None:
    knows(tmp_path, gateway_url)
    llm(tmp_path, "-m", "home", "--no-stream", "What is 17 + 25?")
    assert llm(tmp_path, "-c", "What is 3 + 4?").strip()
