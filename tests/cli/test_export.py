"""``homeward export``."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from homeward import outcomes
from homeward.store.records import Past
from homeward.store.sqlite import Sqlite
from tests.cli import past
from tests.cli.program import Program


@pytest.fixture
def ledger(tmp_path: Path) -> None:
    past.ledger(tmp_path)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.usefixtures("ledger")
class TestWithALedger:
    def test_the_history_becomes_a_table(self, homeward: Program, tmp_path: Path) -> None:
        run = homeward("export", "mine.jsonl.gz")
        assert run.out == "39 requests in mine.jsonl.gz\n"
        assert "1 of 40 requests have no contents kept" in run.err
        rows = list(outcomes.read(tmp_path / "mine.jsonl.gz"))
        assert [row.id for row in rows] == [f"e{number}" for number in range(39)]
        assert set(rows[0].answers) == {"small", "large"}

    def test_what_was_exported_is_replayed(self, homeward: Program, tmp_path: Path) -> None:
        past.config(tmp_path)
        homeward("export", "mine.jsonl")
        of_table = homeward("replay", "mine.jsonl", "--route", "always", "--json").json
        assert of_table == homeward("replay", "--route", "always", "--json").json

    def test_only_what_somebody_rated(self, homeward: Program, tmp_path: Path) -> None:
        homeward("export", "mine.jsonl", "--rated")
        assert len(lines(tmp_path / "mine.jsonl")) == 20

    def test_it_goes_back_as_far_as_asked(self, homeward: Program) -> None:
        run = homeward("export", "mine.jsonl", "--since", "1m")
        assert (run.code, "no requests of that time" in run.err) == (3, True)

    @pytest.mark.parametrize(
        ("form", "field"), [("promptfoo", "vars"), ("inspect", "input"), ("lm-eval", "prompt")]
    )
    def test_other_tools_have_their_forms(
        self, homeward: Program, tmp_path: Path, form: str, field: str
    ) -> None:
        told = homeward("export", "mine.jsonl", "--as", form, "--json").json
        written = lines(tmp_path / "mine.jsonl")
        assert field in written[0]
        assert told["rows"] == len(written)
        assert told["rows"] + sum(told["left_out"].values()) == 39

    def test_a_file_that_is_there_is_left_alone(self, homeward: Program, tmp_path: Path) -> None:
        (tmp_path / "mine.jsonl").write_text("mine")
        assert homeward("export", "mine.jsonl").code == 3
        assert (tmp_path / "mine.jsonl").read_text() == "mine"


def history(folder: Path) -> list[Past]:
    async def read() -> list[Past]:
        async with Sqlite(folder / "homeward.db") as store:
            return [each async for each in store.history()]

    return asyncio.run(read())


class TestForgetting:
    @pytest.fixture(autouse=True)
    def _old(self, tmp_path: Path) -> None:
        past.ledger(tmp_path, began=time.time() - 100 * 86400)

    def test_what_is_older_is_forgotten(self, homeward: Program, tmp_path: Path) -> None:
        run = homeward("export", "--delete-before", "90d")
        assert run.out == "forgotten: what was said in 39 requests\n"
        assert history(tmp_path) == []

    def test_what_is_younger_stays(self, homeward: Program, tmp_path: Path) -> None:
        assert homeward("export", "--delete-before", "200d", "--json").json == {"forgotten": 0}
        assert len(history(tmp_path)) == 40

    def test_it_can_be_written_down_before(self, homeward: Program, tmp_path: Path) -> None:
        told = homeward(
            "export", "mine.jsonl", "--since", "200d", "--delete-before", "90d", "--json"
        ).json
        assert (told["rows"], told["forgotten"]) == (39, 39)
        assert len(lines(tmp_path / "mine.jsonl")) == 39

    def test_nothing_is_forgotten_that_could_not_be_written(
        self, homeward: Program, tmp_path: Path
    ) -> None:
        (tmp_path / "mine.jsonl").touch()
        run = homeward("export", "mine.jsonl", "--since", "200d", "--delete-before", "90d")
        assert run.code == 3
        assert len(history(tmp_path)) == 40


def test_a_table_is_put_into_another_form(homeward: Program, tmp_path: Path) -> None:
    past.table(tmp_path, 3)
    run = homeward("export", "mine.jsonl", "--table", "t.jsonl", "--as", "inspect")
    assert run.out == "3 requests in mine.jsonl\n"


def test_a_report_of_mlflow_has_to_be_one(homeward: Program, tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text("[1]")
    run = homeward("export", "runs", "--as", "mlflow", "--report", "it.json")
    assert (run.code, "is no report" in run.err) == (3, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "name a file to write"),
        (("x.jsonl", "--as", "csv"), "promptfoo"),
        (("--delete-before", "soon"), "say 30d"),
    ],
)
def test_a_mistake_is_told(homeward: Program, words: tuple[str, ...], sentence: str) -> None:
    run = homeward("export", *words)
    assert (run.code, sentence in run.err) == (2, True)


def test_an_empty_ledger_is_said(homeward: Program) -> None:
    run = homeward("export", "mine.jsonl")
    assert (run.code, "no requests of that time" in run.err) == (3, True)
