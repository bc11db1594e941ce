"""The documentation runs: its Python is executed, its YAML is built."""

import ast
import inspect
import re
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from homeward.config import parse

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|yaml)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[Any]:
    """Blocks of that language, but those marked ``notest`` (they need a server or a network)."""
    return [
        pytest.param(body, id=f"{page.name}-{place}")
        for page in PAGES
        for place, (name, mark, body) in enumerate(BLOCK.findall(page.read_text()))
        if name == language and "notest" not in mark
    ]


@pytest.mark.parametrize("source", blocks("python"))
async def test_python_runs(source: str) -> None:
    code: CodeType = compile(source, "page", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, {"__name__": "page"})
    if inspect.iscoroutine(result):
        await result


@pytest.mark.parametrize("source", blocks("yaml"))
async def test_yaml_builds(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with parse(source, origin="page").open() as models:
        assert models


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "zensical.toml").read_text()
    docs = ROOT / "docs"
    pages = [page.relative_to(docs).as_posix() for page in docs.rglob("*.md")]
    assert [page for page in pages if f'"{page}"' not in navigation] == []


def test_every_link_leads_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []
