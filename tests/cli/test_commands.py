import re
from pathlib import Path

import pytest

from homeward import __version__
from homeward.cli.app import app
from tests.cli.program import Program

FILE = """
models:
  a: {echo: {prefix: "a: "}}
  b: {scripted: {says: "no"}}
  auto: {router: {by: {rules: {greeting: hello}}, greeting: a, else: b}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "homeward.yaml"
    path.write_text(FILE)
    return path


def test_every_command_is_documented_and_has_json() -> None:
    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
    names = [command.callback.__name__ for command in app.registered_commands if command.callback]
    assert [name for name in names if f"`homeward {name}" not in page] == []


@pytest.mark.parametrize(
    "command", ["ask", "chat", "models", "explain", "check", "pull", "evaluate"]
)
def test_every_command_has_json(homeward: Program, command: str) -> None:
    assert "--json" in homeward(command, "--help").out


def test_the_version_is_told(homeward: Program) -> None:
    assert homeward("--version").out == f"homeward {__version__}\n"


@pytest.mark.usefixtures("file")
class TestWithAFile:
    def test_models_lists_what_there_is_to_ask(self, homeward: Program) -> None:
        rows = homeward("models", "--json").json["models"]
        assert {row["name"]: row["kind"] for row in rows} == {
            "a": "echo",
            "b": "scripted",
            "auto": "router",
        }

    def test_models_marks_the_default(self, homeward: Program) -> None:
        assert re.search(r"auto \(default\)", homeward("models").out)

    def test_explain_says_which_way_a_question_would_go(self, homeward: Program) -> None:
        step = homeward("explain", "--json", "hello you").json
        walked = {child["edge"]: child["walked"] for child in step["children"]}
        assert walked == {"routes.greeting": "yes", "else": "no"}

    def test_explain_draws_the_tree(self, homeward: Program) -> None:
        out = homeward("explain", "something else").out
        assert "● else" in out
        assert "· routes.greeting" in out

    def test_check_finds_nothing_wrong_with_a_right_file(self, homeward: Program) -> None:
        run = homeward("check")
        assert run.code == 0
        assert "fine" in run.out

    def test_check_prints_what_is_in_force(self, homeward: Program) -> None:
        assert "prefix: 'a: '" in homeward("check", "--print").out.replace('"', "'")

    def test_check_prints_the_schema_for_editors(self, homeward: Program) -> None:
        assert homeward("check", "--schema").json["$schema"].startswith("https://json-schema.org")

    def test_a_conversation_remembers_what_was_said(self, homeward: Program) -> None:
        run = homeward("chat", stdin="hello one\n/route b\nhello two\n/quit\n")
        assert "a: hello one" in run.out
        assert "no" in run.out

    def test_an_unknown_route_does_not_end_the_conversation(self, homeward: Program) -> None:
        run = homeward("chat", stdin="/route nowhere\nhello again\n")
        assert "no model or route 'nowhere'" in run.err
        assert "a: hello again" in run.out


def test_check_tells_every_mistake_with_its_line(homeward: Program, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("models:\n  a: {ecko: {}}\n  b: {fallback: [a, nobody]}\n")
    run = homeward("check", wrong)
    assert run.code == 3
    assert "wrong.yaml:2" in run.err
    assert "`echo`" in run.err or "'echo'" in run.err
    assert "wrong.yaml:3" in run.err


@pytest.mark.parametrize("section", ["database: 'mysql://a:pw@b'", "shared: 'b:6379'"])
def test_check_reads_the_addresses_of_stores(homeward: Program, section: str) -> None:
    Path("homeward.yaml").write_text(f"models: {{a: {{echo: {{}}}}}}\nserve: {{{section}}}\n")
    run = homeward("check")
    assert (run.code, f"serve.{section.split(':')[0]}" in run.err, "pw" in run.err) == (
        3,
        True,
        False,
    )


def test_without_a_file_models_are_those_of_the_box(homeward: Program) -> None:
    names = {row["name"] for row in homeward("models", "--json").json["models"]}
    assert {"box/arith", "auto", "council"} <= names


def test_the_default_routes_can_be_saved_and_used(homeward: Program) -> None:
    text = homeward("check", "--print").out
    Path("homeward.yaml").write_text(text)
    assert homeward("check").code == 0


def test_evaluate_prints_the_rows_and_the_baselines(homeward: Program, tmp_path: Path) -> None:
    table = tmp_path / "table.jsonl"
    table.write_text(
        '{"id": "1", "prompt": "1+1", "reference": "2", "answers":'
        ' {"x": {"score": 1, "text": "2"}, "y": {"score": 0, "text": "3"}}}\n'
        '{"id": "2", "prompt": "1+2", "reference": "3", "answers":'
        ' {"x": {"score": 0, "text": "2"}, "y": {"score": 1, "text": "3"}}}\n'
    )
    config = tmp_path / "route.yaml"
    config.write_text(
        "models:\n"
        "  x: {recorded: {table: table.jsonl, model: x}}\n"
        "  y: {recorded: {table: table.jsonl, model: y}}\n"
        "  both: {fallback: [x, y]}\n"
    )
    told = homeward("evaluate", config, "--route", "both", "--table", table, "--json").json
    assert told["rows"] == 2
    assert told["accuracy"] == 0.5
    assert told["calls_per_row"] == 1.0
    assert told["share"] == {"x": 1.0, "y": 0.0}
    assert (told["best_single"], told["oracle"]) == (0.5, 1.0)


def test_evaluate_needs_a_table_that_is_there(homeward: Program, tmp_path: Path) -> None:
    run = homeward("evaluate", "--table", tmp_path / "nowhere.jsonl")
    assert run.code == 3
    assert "nowhere.jsonl" in run.err


ODD = """
models:
  "[/red]x": {recorded: {table: table.jsonl, model: x}}
  "e\\e[31mvil": {echo: {}}
"""


@pytest.mark.parametrize("command", [("models",), ("explain", "hi"), ("check",)])
def test_a_name_can_neither_colour_the_terminal_nor_end_the_program(
    homeward: Program, tmp_path: Path, command: tuple[str, ...]
) -> None:
    odd = tmp_path / "[bold]"
    odd.mkdir()
    (odd / "homeward.yaml").write_text(ODD)
    (odd / "table.jsonl").write_text('{"id": "1", "prompt": "1", "answers": {"x": {"score": 1}}}')
    run = homeward(*command, "-c", odd / "homeward.yaml")
    assert run.code == 0
    assert "\x1b" not in run.out
    assert "e[31mvil" in run.out


def test_what_fails_in_an_evaluation_is_shown_as_it_is(homeward: Program, tmp_path: Path) -> None:
    table = tmp_path / "table.jsonl"
    table.write_text('{"id": "[/1]", "prompt": "1", "reference": "1", "answers": {}}\n')
    Path("homeward.yaml").write_text('models: {it: {scripted: {fails: "no [/tag] of mine"}}}')
    run = homeward("evaluate", "--table", table)
    assert run.code == 0
    assert "[/1]: no [/tag] of mine" in run.out
