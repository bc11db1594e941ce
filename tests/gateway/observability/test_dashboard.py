"""The dashboard in deploy/ asks for metrics that there are."""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.observability.test_metrics import TREE, ask
from tests.gateway.running import running
from tests.signals.promises import promise

BOARD = json.loads(
    (Path(__file__).parents[3] / "deploy" / "grafana" / "homeward.json").read_text("utf-8")
)
METRIC = re.compile(r"\b(?:homeward|process)_\w+")
LABELS = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
HOSTED = "  hosted: {openai: {model: gpt-5.2, api_key: k}}\n"
LOCAL = "  near: {embedded: {model: box/draft}}\n"
GUARDED = (
    "  safe: {{cascade: {{drafts: [say], final: say, "
    "accept: {{promised: {{check: heuristic, path: '{path}'}}}}}}}}\n"
)


def panels() -> list[dict[str, Any]]:
    return [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"]
    for variable in BOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def family(name: str) -> str:
    return re.sub(r"_(bucket|sum|count|total|info)$", "", name)


async def there_are() -> dict[str, set[str]]:
    """The labels of each sample in the exposition; of a family without samples only its name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.json"
        promise().write(path)
        tree = TREE + HOSTED + LOCAL + GUARDED.format(path=path)
        async with running(tree) as gateway:
            for route in ("say", "two", "bad", "kept", "far", "safe"):
                await ask(gateway, route)
            text = (await gateway.ask("GET", "/metrics")).text
    found: dict[str, set[str]] = {}
    for each in text_string_to_metric_families(text):
        found.setdefault(each.name, set())
        for sample in each.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


async def test_every_metric_in_it_is_told() -> None:
    known = await there_are()
    asked = {name for expression in expressions() for name in METRIC.findall(expression)}
    assert len(asked) > 15
    assert asked - known.keys() == set()


async def test_every_metric_that_is_told_is_shown() -> None:
    """A number that nobody looks at need not be counted."""
    known = {name for name in await there_are() if name.startswith("homeward_")}
    shown = {name for expression in expressions() for name in METRIC.findall(expression)}
    assert {family(name) for name in known} <= {family(name) for name in shown}


async def test_every_label_that_is_asked_for_is_there() -> None:
    known = await there_are()
    for expression in expressions():
        for name, inner in re.findall(r"(homeward_\w+)\{([^}]*)\}", expression):
            assert set(LABELS.findall(inner)) <= known[name], expression


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: str(panel["title"]))
def test_a_panel_says_which_metrics_it_shows(panel: dict[str, Any]) -> None:
    shown = {
        re.sub(r"_bucket$", "", name)
        for target in panel["targets"]
        for name in METRIC.findall(target["expr"])
    }
    words = set(METRIC.findall(panel["description"]))
    assert words & shown
    assert words <= {name.removesuffix("_bucket") for name in shown} | shown


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_every_panel_asks_the_datasource_that_was_chosen() -> None:
    assert {panel["datasource"]["uid"] for panel in panels()} == {"${datasource}"}
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids))
