"""Who may import whom. The table is the picture; imports point inward."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "homeward"

MAY_IMPORT = {
    "errors": "",
    "model": "errors",
    "interrupt": "",
    "reading": "model",
    "tree": "model",
    "embedding": "model",
    "completion": "model",
    "fence": "errors model",
    "conversation": "model",
    "outcomes": "errors model",
    "box": "",
    "ggml": "",
    "folder": "",
    "wire": "errors model embedding completion wire",
    "backends": "errors model embedding completion wire backends box outcomes folder ggml",
    "signals": "errors model embedding reading fence folder signals box",
    "strategies": (
        "errors model embedding completion reading fence conversation strategies.children "
        "strategies.ensemble strategies.experiment"
    ),
    "store": "errors model folder store",
    "config": "errors model tree config",
    "machine": "errors model ggml machine",
    "defaults": "errors model box",
    "policy": "errors model tree machine backends",
    "house": "errors model config defaults backends",
    "explain": "errors model reading signals.first strategies tree",
    "learn.experiment": "errors model fence tree store strategies.experiment learn",
    "learn": "errors model embedding reading outcomes signals store tree learn",
    "blocking": "errors model house interrupt",
    "gateway": "errors model wire config gateway __version__",
    "gateway.beside": "",
    "gateway.names": "",
    "gateway.refused": "errors",
    "gateway.settings": "errors model store",
    "gateway.routes": "errors model backends strategies tree",
    "gateway.accounting": (
        "errors model store gateway.beside gateway.refused gateway.settings gateway.accounting"
    ),
    "gateway.experiments": (
        "errors model learn.experiment.compared store strategies.experiment strategies.shadow "
        "gateway.beside gateway.routes gateway.settings gateway.accounting"
    ),
    "gateway.exchange": "errors model gateway.refused gateway.accounting",
    "gateway.traffic": "errors model wire backends strategies machine gateway.traffic",
    "gateway.observability": (
        "errors model backends store gateway.beside gateway.settings gateway.routes "
        "gateway.accounting gateway.observability signals.promised folder machine tree __version__"
    ),
    "gateway.gateway": (
        "errors model wire backends config house store gateway.experiments gateway.names "
        "gateway.refused "
        "gateway.settings gateway.routes gateway.accounting gateway.traffic gateway.observability"
    ),
    "gateway.answers": (
        "errors model embedding completion wire backends strategies store tree gateway.routes "
        "gateway.accounting gateway.exchange gateway.gateway gateway.answers"
    ),
    "gateway.access": (
        "gateway.refused gateway.settings gateway.accounting gateway.exchange gateway.gateway "
        "gateway.answers gateway.access"
    ),
    "gateway.urls": (
        "errors model embedding wire backends strategies store tree explain box machine "
        "gateway.names gateway.refused gateway.routes gateway.accounting gateway.exchange "
        "gateway.traffic gateway.observability gateway.gateway gateway.answers gateway.access "
        "gateway.urls __version__"
    ),
    "cli": (
        "errors model completion interrupt outcomes wire backends store config defaults house "
        "explain learn signals conversation fence folder gateway machine tree cli box __version__"
    ),
    "__init__": "errors model house blocking",
    "__main__": "cli",
}
"""By name below `homeward`. A row with a dot goes before that of its package; the row of a package
is for the rest of it."""

SOURCES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Names below `homeward` that a file imports, anywhere in it, as ``strategies.children``."""
    package = ["homeward", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import():
                found = [alias.name for alias in node.names]
            case ast.ImportFrom():
                kept = package[: len(package) - node.level + 1] if node.level else []
                module = ".".join([*kept, *filter(None, [node.module])])
                found = [f"{module}.{alias.name}" for alias in node.names]
            case _:
                continue
        yield from (
            name.removeprefix("homeward.") for name in found if name.startswith("homeward.")
        )


def layer(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    inner = ".".join(parts[:2])
    return inner if inner in MAY_IMPORT else parts[0]


def is_allowed(name: str, allowed: str) -> bool:
    return any(f"{name}.".startswith(f"{inner}.") for inner in allowed.split())


def test_every_part_is_in_the_table() -> None:
    assert {layer(path) for path in SOURCES} - set(MAY_IMPORT) == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_inward(path: Path) -> None:
    allowed = MAY_IMPORT[layer(path)]
    assert [name for name in imported(path) if not is_allowed(name, allowed)] == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import homeward.cli", ["cli"]),
        ("from homeward import cli", ["cli"]),
        ("from homeward.cli.app import main", ["cli.app.main"]),
        ("from . import ensemble", ["strategies.ensemble"]),
        ("from .ensemble import Merge", ["strategies.ensemble.Merge"]),
        ("from ..backends import http", ["backends.http"]),
        ("from .. import config", ["config"]),
        ("def f():\n    import homeward.config.build", ["config.build"]),
        ("import os, homewards.x", []),
    ],
)
def test_every_form_of_import_is_seen(
    line: str, found: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    path = tmp_path / "strategies" / "new.py"
    path.parent.mkdir()
    path.write_text(line)
    assert list(imported(path)) == found


HEAVY = {
    *("rich", "typer", "yaml", "xllamacpp", "huggingface_hub", "httptools", "ssl"),
    *("numpy", "matplotlib", "stdnum", "psutil", "pynvml"),
    *("sqlite3", "asyncpg", "redis", "prometheus_client", "genai_prices"),
}


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, homeward; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=180
    )
    assert HEAVY.isdisjoint(done.stdout.split())
