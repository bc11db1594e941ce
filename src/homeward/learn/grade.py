"""Grading: how right an answer is, from 0 to 1."""

import ast
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from string import ascii_uppercase

from homeward.errors import ConfigError
from homeward.model import Answer, Extractor, Text
from homeward.outcomes import Row
from homeward.signals.answers import Choice
from homeward.signals.numbers import Number
from homeward.signals.slots import lines, normalised, refused

RUN_SECONDS = 5
RUN_BYTES = 512 * 2**20

NUMERIC = re.compile(r"[-−]?[$€£]?\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+)?\s*%?")
FENCE = re.compile(r"```[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)
TOP_LEVEL = re.compile(r"^(?:def |async def |import |from |class |@)", re.MULTILINE)
DEMONSTRATION = "demonstration model"  # so the box says that a prompt is beyond it


def grade(row: Row, answer: Answer) -> float:
    """The recorded score for a recorded answer, unchanged; else by the row's check and reference.

    Checks: ``number``, ``line`` (the last one ends with the reference), ``python`` (run against
    the row's tests), ``refusal`` (says that it does not know). Without a check the reference
    decides: a number (also gsm8k's ``# 18``), a choice's letter, or else the same words.
    `ConfigError` for a row that has nothing to grade by.
    """
    finish, text = answer.finish, answer.text
    recorded = row.answers.get(finish.model) if finish else None
    if recorded is not None and recorded.said.strip() == text.strip():
        return recorded.score
    return float(_right(row, answer))


def _right(row: Row, answer: Answer) -> bool:
    if row.check == "refusal":
        return refused(answer.text) or DEMONSTRATION in answer.text
    if row.check == "python":
        return _passes(answer.text, row.tests)
    if row.reference is None:
        raise ConfigError(
            f"row {row.id or row.prompt[:40]!r} cannot be graded: give it a `reference`, "
            "or a route whose answers are recorded in the table"
        )
    reference = row.reference.removeprefix("# ").strip()
    if row.check == "line":
        return _ends_with(answer.text, reference)
    if row.check == "number" or NUMERIC.fullmatch(reference):
        return _same(Number(), answer, reference)
    if len(reference) == 1 and reference.isalpha():
        return _same(Choice(ascii_uppercase), answer, reference)
    return normalised(answer.text) == normalised(reference)


def _same(extract: Extractor, answer: Answer, reference: str) -> bool:
    """Read as votes are: what a model meant is what it voted for."""
    found = extract(answer)
    return found is not None and found == extract(Answer((Text(reference),)))


def _ends_with(text: str, reference: str) -> bool:
    """Word by word, so that neither quotes nor "Comparis" deceive it."""
    said = lines(text)
    words, wanted = normalised(said[-1] if said else "").split(), normalised(reference).split()
    return bool(wanted) and words[-len(wanted) :] == wanted


# ---------------------------------------------------------------- code, by running it


_PROGRAM = """\
import json, os, sys
code, name, tests, passed = json.load(sys.stdin)
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
    resource.setrlimit(resource.RLIMIT_AS, ({size}, {size}))
except (ImportError, ValueError, OSError):
    pass
names = {{"__name__": "answer"}}
exec(code, names)
names["f"] = names[name]
for test in tests:
    exec(test, names)
os._exit(passed)
"""


def _passes(text: str, tests: Sequence[str]) -> bool:
    """Whether the last function of the answer, called `f`, holds under the assert statements.

    It runs in a fresh interpreter without the environment, in an empty folder, within five seconds
    and half a gigabyte. That stops accidents; it is no sandbox: code that means harm can read
    files and reach the network. Run tables of others' answers in a container.
    """
    code, name = _function(text)
    if not name or not tests:
        return False
    passed = 64 + secrets.randbelow(64)  # so that an answer which merely exits has not passed
    with tempfile.TemporaryDirectory(prefix="homeward-grade-") as folder:
        try:
            ran = subprocess.run(  # noqa: S603 - the answer is what is to be run; see above
                [sys.executable, "-I", "-c", _PROGRAM.format(seconds=RUN_SECONDS, size=RUN_BYTES)],
                input=json.dumps([code, name, list(tests), passed]).encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env={key: os.environ[key] for key in ("SYSTEMROOT",) if key in os.environ},
                timeout=RUN_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    return ran.returncode == passed


def _function(text: str) -> tuple[str, str]:
    """The code of an answer and its last top-level function's name; two empty texts if none."""
    start = TOP_LEVEL.search(text)
    loose = text[start.start() :] if start else text
    for code in (*reversed(FENCE.findall(text)), text, loose):
        try:
            body = ast.parse(code).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        names = [node.name for node in body if isinstance(node, ast.FunctionDef)]
        if names:
            return code, names[-1]
    return "", ""
