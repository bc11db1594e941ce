"""From a table of outcomes to a route that knows when local is good enough, as a stranger would."""

from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.cli.sums import APPLES, CRATES, POEM, tables

PAIR = ("--cheap", "small", "--strong", "large")
SUM, PRODUCT = APPLES.format(a=21, b=34), CRATES.format(a=21, b=34)
ROUTED = """
models:
  small: {scripted: {says: "small was asked", model: small}}
  large: {scripted: {says: "large was asked", model: large}}
  careful: {echo: {prefix: "careful: "}}
  auto:
    router:
      by: {first: {signals: [{rules: {large: [urgent]}}, {learned: {path: r}}]}}
      small: small
      large: large
      else: careful
default: auto
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tables(tmp_path)
    return tmp_path


@pytest.fixture
def routed(homeward: Program, folder: Path) -> Program:
    assert homeward("learn", "before.jsonl", *PAIR, "--out", "r").code == 0
    (folder / "homeward.yaml").write_text(ROUTED)
    return homeward


# ---------------------------------------------------------------- a router that learned


def test_what_it_learned_beats_chance_on_rows_it_has_not_seen(routed: Program) -> None:
    found = routed("evaluate", "later.jsonl", "--router", "r", "--json").json
    assert (found["rows"], found["labels"]) == (400, 240)
    assert found["apgr"] > 0.65
    assert max(found["baselines"][name]["apgr"] for name in ("random", "length")) < 0.6
    assert found["auroc"] > 0.9


def test_people_are_shown_the_baselines_beside_it(routed: Program) -> None:
    shown = routed("evaluate", "later.jsonl", "--router", "r").out
    assert all(word in shown for word in ("APGR", "random", "length", "best single", "oracle"))


def test_rows_that_it_learned_from_are_warned_of(routed: Program) -> None:
    assert "has seen" in routed("evaluate", "before.jsonl", "--router", "r").err
    assert routed("evaluate", "later.jsonl", "--router", "r").err == ""


def test_a_table_may_have_any_name(routed: Program, folder: Path) -> None:
    (folder / "later.jsonl").rename(folder / "later.txt")
    assert routed("evaluate", "later.txt", "--router", "r", "--json").json["rows"] == 400


def test_a_strong_model_that_is_no_better_is_told(homeward: Program, folder: Path) -> None:
    swapped = ("--cheap", "large", "--strong", "small", "--out", "r")
    learned = homeward("learn", "before.jsonl", *swapped)
    judged = homeward("evaluate", "later.jsonl", "--router", "r")
    for run in (learned, judged):
        assert "small is no better than large on these rows" in " ".join(run.out.split())


def test_a_measure_that_cannot_be_had_is_left_out(routed: Program) -> None:
    shown = routed("evaluate", "later.jsonl", "--router", "r", "--limit", "1").out
    assert "AUROC" not in shown


def test_the_file_with_the_router_is_right(routed: Program) -> None:
    assert "fine" in routed("check").out


@pytest.mark.parametrize(("question", "model"), [(SUM, "small"), (PRODUCT, "large")])
def test_each_question_goes_to_the_model_that_is_worth_it(
    routed: Program, question: str, model: str
) -> None:
    told = routed("ask", question, "--json").json
    [decision] = told["decisions"]
    assert told["answer"] == f"{model} was asked"
    assert (decision["by"], decision["chose"]) == ("router", model)
    assert decision["because"].startswith(f"{model} is right with p = ")
    assert {"p(small)", "p(large)", "likeness", "score"} <= set(decision["numbers"])


def test_people_see_the_numbers_of_the_decision(routed: Program) -> None:
    shown = routed("ask", SUM, "--show-work").err
    assert "router → small: small is right with p = " in shown
    assert "p(large) " in shown


def test_rules_go_before_what_was_learned(routed: Program) -> None:
    [decision] = routed("ask", f"urgent: {SUM}", "--json").json["decisions"]
    assert decision["chose"] == "large"
    assert decision["because"] == "large: the request has 'urgent'"


def test_another_kind_of_question_falls_to_the_safe_side_and_says_why(routed: Program) -> None:
    told = routed("ask", POEM, "--json").json
    [decision] = told["decisions"]
    assert told["answer"] == f"careful: {POEM}"
    assert decision["chose"] == "else"
    assert decision["because"].startswith("out of the distribution it was trained on: likeness 0.0")
    assert decision["numbers"]["likeness"] == 0.0


def test_explain_says_the_same_without_asking(routed: Program) -> None:
    plan = routed("explain", SUM, "--json").json
    steps = {step["edge"]: step for step in plan["children"]}
    [decision] = routed("ask", SUM, "--json").json["decisions"]
    assert {edge: step["walked"] for edge, step in steps.items()} == {
        "routes.small": "yes",
        "routes.large": "no",
        "else": "no",
    }
    assert steps["routes.small"]["because"] == decision["because"]
    assert steps["routes.small"]["numbers"] == decision["numbers"]


def test_explain_draws_the_numbers_and_why_a_question_is_strange(routed: Program) -> None:
    assert "p(small) " in routed("explain", SUM).out
    assert "out of the distribution" in " ".join(routed("explain", POEM).out.split())


def test_a_router_that_is_not_there_is_told_with_its_line(routed: Program, folder: Path) -> None:
    (folder / "homeward.yaml").write_text(ROUTED.replace("path: r}", "path: nowhere}"))
    checked = routed("check")
    assert checked.code == 3
    assert "`homeward learn TABLE --out" in " ".join(checked.err.split())


# ---------------------------------------------------------------- a promise on what it says


def promised(check: str) -> str:
    return f"""
models:
  small: {{recorded: {{table: later.jsonl, model: small}}}}
  other: {{recorded: {{table: later.jsonl, model: other}}}}
  large: {{recorded: {{table: later.jsonl, model: large}}}}
  auto:
    cascade:
      drafts: [small]
      final: large
      accept: {{promised: {{check: {check}, path: promise.json}}}}
default: auto
"""


@pytest.mark.parametrize(
    ("trained", "check"),
    [
        ((), "{learned: {path: r}}"),
        (("--with-answer",), "{learned: {path: r}}"),
        (("--checkers", "other"), "{learned: {path: r, with: [other]}}"),
        (("--with-answer", "--checkers", "other"), "{learned: {path: r, with: [other]}}"),
    ],
)
def test_what_a_router_says_of_an_answer_can_stand_under_a_promise(
    homeward: Program, folder: Path, trained: tuple[str, ...], check: str
) -> None:
    assert homeward("learn", "before.jsonl", *PAIR, *trained, "--out", "r").code == 0
    words = ("calibrate", "later.jsonl", "--router", "r", "--out", "promise.json", "--json")
    made = homeward(*words).json["promise"]
    assert 100 < made["kept"] < 300
    (folder / "homeward.yaml").write_text(promised(check))
    [decision] = homeward("ask", sums(folder)[0], "--json").json["decisions"]
    assert decision["chose"] == "small"
    assert "right 95 in 100, calibrated 20" in decision["because"]
    assert decision["numbers"]["calibrated"] == 1.0
    assert decision["numbers"]["score"] >= decision["numbers"]["threshold"]


@pytest.mark.parametrize("trained", [("--with-answer",), ("--checkers", "other")])
def test_a_route_says_of_an_answer_what_the_table_says(
    homeward: Program, folder: Path, trained: tuple[str, ...]
) -> None:
    homeward("learn", "before.jsonl", *PAIR, *trained, "--out", "r")
    words = ("calibrate", "later.jsonl", "--json")
    by_table = homeward(*words, "--router", "r", "--out", "promise.json").json["promise"]
    with_ = ", with: [other]" if "--checkers" in trained else ""
    (folder / "homeward.yaml").write_text(promised(f"{{learned: {{path: r{with_}}}}}"))
    walked = homeward(*words, "--route", "auto").json["promise"]
    assert walked["rest"] == by_table["rest"]
    assert walked["quantiles"] == by_table["quantiles"]


def test_a_doubtful_answer_is_escalated_under_the_same_promise(
    homeward: Program, folder: Path
) -> None:
    homeward("learn", "before.jsonl", *PAIR, "--with-answer", "--out", "r")
    homeward("calibrate", "later.jsonl", "--router", "r", "--out", "promise.json")
    (folder / "homeward.yaml").write_text(promised("{learned: {path: r}}"))
    [decision] = homeward("ask", sums(folder)[1], "--json").json["decisions"]
    assert (decision["chose"], decision["numbers"]["calibrated"]) == ("escalate", 1.0)


def test_explain_shows_whom_the_check_asks(homeward: Program, folder: Path) -> None:
    homeward("learn", "before.jsonl", *PAIR, "--checkers", "other", "--out", "r")
    homeward("calibrate", "later.jsonl", "--router", "r", "--out", "promise.json")
    (folder / "homeward.yaml").write_text(promised("{learned: {path: r, with: [other]}}"))
    plan = homeward("explain", sums(folder)[0], "--json").json
    assert [(step["edge"], step["walked"]) for step in plan["children"]] == [
        ("drafts.small", "yes"),
        ("final", "perhaps"),
        ("accept.check.with.other", "yes"),
    ]


def test_the_cheapest_of_the_routers_models_is_meant_where_none_is_named(
    homeward: Program, folder: Path
) -> None:
    homeward("learn", "before.jsonl", *PAIR, "--out", "r")
    about = homeward("calibrate", "later.jsonl", "--router", "r", "--json").json["promise"]["about"]
    assert about == "the chance of small by the router r, by the question alone"


def test_rows_that_the_router_learned_from_are_warned_of(homeward: Program, folder: Path) -> None:
    homeward("learn", "before.jsonl", *PAIR, "--out", "r")
    assert "has not seen" in homeward("calibrate", "before.jsonl", "--router", "r").err
    assert homeward("calibrate", "later.jsonl", "--router", "r").err == ""


def sums(folder: Path) -> tuple[str, str]:
    """Of the later rows: a sum that small has right, a product that it has wrong."""
    from homeward.outcomes import read

    rows = list(read(folder / "later.jsonl"))
    right = next(r for r in rows if r.group == "sum" and r.answers["small"].score == 1)
    wrong = next(r for r in rows if r.group == "product" and r.answers["small"].score == 0)
    return right.prompt, wrong.prompt
