from pathlib import Path

import pytest

from tests.cli.program import Program

FILE = """
models:
  a: {scripted: {says: "It is 42.", model: a}}
  b: {scripted: {says: "42", model: b}}
  c: {scripted: {says: "41", model: c}}
  back: {echo: {}}
  broken: {scripted: {fails: out of order}}
  council: {ensemble: {models: [a, b, c], merge: {vote: {type: number}}}}
default: council
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "homeward.yaml"
    path.write_text(FILE)
    return path


@pytest.mark.usefixtures("file")
class TestAsk:
    def test_the_answer_goes_to_standard_output_and_how_it_was_made_does_not(
        self, homeward: Program
    ) -> None:
        run = homeward("ask", "how many?")
        assert (run.code, run.out) == (0, "It is 42.\n")
        assert "vote: 2 of 3 votes for 42" in run.err

    def test_quiet_says_the_answer_alone(self, homeward: Program) -> None:
        assert homeward("ask", "-q", "how many?").err == ""

    def test_a_route_is_asked_by_its_name(self, homeward: Program) -> None:
        assert homeward("ask", "-r", "back", "hello there").out == "hello there\n"

    def test_models_are_asked_side_by_side_and_merged(self, homeward: Program) -> None:
        words = ("ask", "-m", "c,a,b", "--merge", "vote", "--type", "number", "how many?")
        assert homeward(*words).out == "It is 42.\n"

    def test_concatenation_shows_every_answer(self, homeward: Program) -> None:
        out = homeward("ask", "-m", "a,c", "--merge", "concat", "how many?").out
        assert "It is 42." in out
        assert "41" in out

    def test_the_work_is_shown_when_it_is_asked_for(self, homeward: Program) -> None:
        err = homeward("ask", "--show-work", "how many?").err
        assert all(answer in err for answer in ("It is 42.", "41"))

    def test_json_has_the_answer_the_decisions_and_the_bills(self, homeward: Program) -> None:
        told = homeward("ask", "--json", "how many?").json
        assert told["answer"] == "It is 42."
        assert told["decisions"][-1]["by"] == "vote"
        assert {bill["model"] for bill in told["usage"]} == {"a", "b", "c"}

    def test_what_is_piped_in_comes_after_the_question(self, homeward: Program) -> None:
        run = homeward("ask", "-r", "back", "Sum up:", stdin="a long text\n")
        assert run.out == "Sum up:\n\na long text\n"

    def test_no_question_is_wrong_usage(self, homeward: Program) -> None:
        assert homeward("ask").code == 2

    def test_route_and_models_exclude_each_other(self, homeward: Program) -> None:
        assert homeward("ask", "-r", "a", "-m", "a,b", "x").code == 2

    def test_a_member_that_is_not_there_gets_a_suggestion(self, homeward: Program) -> None:
        run = homeward("ask", "-m", "a,bakc", "x")
        assert run.code == 1
        assert run.err.startswith("homeward: there is no model or route 'bakc' here; did you mean")

    def test_a_judge_that_is_not_there_is_told_too(self, homeward: Program) -> None:
        run = homeward("ask", "-m", "a,b", "--merge", "fuse", "--judge", "nobody", "x")
        assert "no model or route 'nobody'" in run.err

    def test_models_without_a_name_are_wrong_usage(self, homeward: Program) -> None:
        assert homeward("ask", "-m", ",", "x").code == 2

    def test_a_merge_that_there_is_not_is_told_which_there_are(self, homeward: Program) -> None:
        run = homeward("ask", "-m", "a,b", "--merge", "mean", "x")
        assert run.code == 2
        assert all(name in run.err for name in ("vote", "concat", "weighted", "rank", "fuse"))

    def test_the_same_model_can_be_asked_twice(self, homeward: Program) -> None:
        assert homeward("ask", "-m", "a,a,c", "--type", "number", "x").out == "It is 42.\n"

    def test_a_pipe_that_never_ends_is_left(
        self, homeward: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("homeward.cli.ask.LONGEST", 10)
        run = homeward("ask", "x", stdin="y\n" * 6)
        assert run.code == 2
        assert "more than 10 characters" in run.err

    def test_merge_needs_models(self, homeward: Program) -> None:
        assert homeward("ask", "--merge", "vote", "x").code == 2

    def test_a_model_that_fails_is_exit_code_1(self, homeward: Program) -> None:
        run = homeward("ask", "-r", "broken", "x")
        assert (run.code, run.err) == (1, "homeward: out of order\n")

    def test_with_json_an_error_is_an_object_too(self, homeward: Program) -> None:
        run = homeward("ask", "--json", "-r", "broken", "x")
        assert run.json == {"error": {"kind": "Failed", "message": "out of order"}}

    def test_a_model_that_is_not_there_gets_a_suggestion(self, homeward: Program) -> None:
        run = homeward("ask", "-r", "counsil", "x")
        assert run.code == 1
        assert "did you mean 'council'" in run.err

    def test_a_word_that_is_no_clearance_is_told_the_words(self, homeward: Program) -> None:
        run = homeward("ask", "--clearance", "moon", "x")
        assert run.code == 2
        assert "machine, network, world" in run.err

    def test_no_time_at_all_is_a_time_out(self, homeward: Program) -> None:
        slow = (
            '{"models": {"slow": {"deadline": {"model": {"scripted": {"says": "x", "after": 9}}}}}}'
        )
        Path("homeward.yaml").write_text(slow)
        assert homeward("ask", "--timeout", "0.01", "x").code == 1


def test_a_fresh_machine_answers_with_the_models_in_the_package(homeward: Program) -> None:
    run = homeward("ask", "What is 17 + 25?")
    assert run.code == 0
    assert run.out.rstrip().endswith("42")
    assert "box/arith" in run.err
    assert "box/draft" in run.err


def test_outside_what_it_knows_the_box_says_so_and_how_to_get_a_real_model(
    homeward: Program,
) -> None:
    out = homeward("ask", "Write a poem about the sea.").out
    assert "demonstration models" in out
    assert "homeward pull" in out
