"""Is an answer right? Four checks, each a few lines, and when two answers count as the same.

models/README.md defines the checks in words; whoever grades the tables elsewhere follows it.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Sequence

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
TIME_LIMIT = 5.0
"""Seconds the assertions of one answer may take."""


def is_right(check: str, reference: str, tests: Sequence[str], text: str) -> bool:
    if check == "number":
        return last_number(text) == reference
    if check == "line":
        line = last_line(text)
        return line == reference or line.endswith(" " + reference)
    if check == "python":
        return passes(text, tests)
    if check == "refusal":
        return is_refusal(text)
    raise ValueError(f"there is no check called {check!r}")


def is_refusal(text: str) -> bool:
    return last_line(text) == "I don't know"


def last_number(text: str) -> str | None:
    """Without thousands separators: "1,023" is "1023"."""
    found = NUMBER.findall(text)
    return found[-1].replace(",", "") if found else None


def last_line(text: str) -> str:
    """The last line that is not empty, without quotes and punctuation at its ends."""
    lines = [line for line in text.split("\n") if line.strip()]
    return lines[-1].strip().strip("\"'`").rstrip(".,;:!?").strip("\"'`") if lines else ""


def passes(text: str, tests: Sequence[str]) -> bool:
    """Runs the asserts in a fresh Python, with `f` the last top-level function of the answer."""
    name = last_function(text)
    if name is None or not tests:
        return False
    program = "\n".join([text, f"f = {name}", *tests])
    try:
        finished = subprocess.run(
            [sys.executable, "-I", "-S", "-c", program], capture_output=True, timeout=TIME_LIMIT
        )
    except subprocess.TimeoutExpired:
        return False
    return finished.returncode == 0


def last_function(text: str) -> str | None:
    functions = [node for node in parsed(text) if isinstance(node, ast.FunctionDef)]
    return functions[-1].name if functions else None


def parsed(text: str) -> list[ast.stmt]:
    """No statements at all where the text is not Python."""
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError):
        return []


def gist(check: str, text: str) -> str | None:
    """What two answers must share to agree; None for a refusal, which abstains.

    Of code that is the syntax tree, so that spaces and comments do not matter.
    """
    if not text.strip() or is_refusal(text):
        return None
    if check == "number":
        return last_number(text) or last_line(text)
    if check == "python":
        return ast.dump(ast.Module(parsed(text), [])) if parsed(text) else text.strip()
    return last_line(text)
