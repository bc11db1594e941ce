"""What is learned or calibrated, as a file names it: by folders and files beside it."""

from pathlib import Path
from typing import Any

import pytest

from homeward.backends.echo import Echo
from homeward.config import WrongFile, load
from homeward.learn.train.fit import train
from homeward.signals.combination import Combination, Grade
from homeward.signals.combined import Combined
from homeward.signals.first import First
from homeward.signals.judge import Judge
from homeward.signals.learned.check import LearnedCheck
from homeward.signals.learned.file import save
from homeward.signals.learned.signal import Learned
from homeward.signals.promised import Promised
from homeward.signals.rules import Rules
from homeward.strategies.cascade import Cascade
from homeward.strategies.router import Router
from tests.learn.train import drawn
from tests.signals.promises import promise

LEAVES = "  a: {echo: {}}\n  b: {echo: {prefix: b}}\n"
GRADE = Grade(0.9, 1.0, 0.9)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    """Beside the file: routers, a promise and a combination."""
    save(train(drawn.rows(60), drawn.PAIR), tmp_path / "routers/plain")
    checkers = train(drawn.rows(60, words=True), drawn.PAIR, checkers=["a"])
    save(checkers, tmp_path / "routers/checked")
    promise().write(tmp_path / "promise.json")
    made = Combination("2026-01-31", 99, 0.5, 5, 0.0, (), {"form": GRADE, "sure": GRADE}, GRADE)
    made.save(tmp_path / "checks.json")
    return tmp_path


async def built(folder: Path, node: str) -> Any:
    path = folder / "homeward.yaml"
    path.write_text(f"models:\n{LEAVES}  x: {node}\n")
    async with load(path, {}).open() as models:
        return models["x"]


async def by(folder: Path, signal: str) -> Any:
    router = await built(folder, f"{{router: {{by: {signal}, small: a, large: b, else: b}}}}")
    assert isinstance(router, Router)
    return router.by


async def accepted(folder: Path, check: str) -> Any:
    cascade = await built(folder, f"{{cascade: {{drafts: [a], final: b, accept: {check}}}}}")
    assert isinstance(cascade, Cascade)
    return cascade.accept


async def test_a_learned_router_is_found_beside_the_file(folder: Path) -> None:
    signal = await by(folder, "{learned: {path: routers/plain, spend: 0.2}}")
    assert signal == Learned(folder / "routers/plain", spend=0.2)


async def test_its_folder_alone_is_enough(folder: Path) -> None:
    assert await by(folder, "{learned: routers/plain}") == Learned(folder / "routers/plain")


async def test_signals_stand_in_order(folder: Path) -> None:
    signal = await by(folder, "{first: [{rules: {small: hi}}, {learned: routers/plain}]}")
    assert isinstance(signal, First)
    assert [type(each) for each in signal.signals] == [Rules, Learned]


async def test_a_learned_check_asks_the_models_of_the_file(folder: Path) -> None:
    check = await accepted(folder, "{learned: {path: routers/checked, with: [b]}}")
    assert check == LearnedCheck(folder / "routers/checked", {"b": Echo("b")})


async def test_a_promise_stands_around_a_check(folder: Path) -> None:
    check = await accepted(
        folder, "{promised: {check: {learned: routers/plain}, path: promise.json}}"
    )
    assert check == Promised(LearnedCheck(folder / "routers/plain"), folder / "promise.json")


async def test_a_combination_has_the_checks_of_its_names(folder: Path) -> None:
    check = await accepted(
        folder, "{combined: {path: checks.json, checks: {form: format, sure: {judge: a}}}}"
    )
    assert isinstance(check, Combined)
    assert check.checks["sure"] == Judge(Echo())


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("{learned: {path: routers/none}}", "there is no router in"),
        ("{learned: {path: routers/checked}}", "was trained with checkers (a); `with` has 0"),
        ("{promised: {check: format, path: none.json}}", "there is no promise at"),
        ("{combined: {path: checks.json, checks: {form: format}}}", "differ in sure"),
    ],
)
async def test_what_does_not_fit_is_told_at_its_place(folder: Path, check: str, told: str) -> None:
    with pytest.raises(WrongFile) as caught:
        await accepted(folder, check)
    assert "homeward.yaml:4:" in str(caught.value)
    assert told in str(caught.value)


async def test_a_signal_needs_its_folder_or_its_name(folder: Path) -> None:
    with pytest.raises(WrongFile, match="either its folder in `path` or its `name`"):
        await by(folder, "learned")
