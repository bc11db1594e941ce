import json
import math
from pathlib import Path
from typing import Any

import pytest

from homeward.errors import ConfigError, Failed
from homeward.model import Answer, Finish, Logprob, Request, Text
from homeward.reading import Check, Reading, weigh
from homeward.signals.agreement import Agreement
from homeward.signals.answers import extractor
from homeward.signals.arithmetic import Arithmetic
from homeward.signals.combination import Combination, Feature, Grade, features, load
from homeward.signals.combined import Combined
from homeward.signals.heuristic import Heuristic
from homeward.signals.logprobs import Logprobs
from homeward.strategies.cascade import Cascade, ReadsLogprobs
from tests.contract import HELLO, Tree, check_promises, fails, heard, said, says

NUMBER = extractor("number")
GRADE = Grade(auroc=0.9, share=1.0, auroc_all=0.9)
LEARNED = Combination(
    made="2026-01-31",
    rows=200,
    right=0.7,
    folds=5,
    intercept=0.0,
    features=(
        Feature("agreement", mean=0.5, scale=0.5, weight=2.0),
        Feature("agreement?", mean=0.0, scale=0.5, weight=-1.0),
        Feature("arithmetic.wrong", mean=0.0, scale=1.0, weight=-3.0),
    ),
    checks={"agreement": GRADE, "arithmetic": GRADE, "length": GRADE},
    combined=GRADE,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "checks.json"
    LEARNED.save(path)
    return path


def answer(text: str) -> Answer:
    return Answer((Text(text), Finish()))


def parts(*checkers: str) -> dict[str, Check]:
    with_ = [says(text) for text in checkers]
    return {"agreement": Agreement(with_, NUMBER), "arithmetic": Arithmetic()}


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


async def test_a_cascade_with_it_keeps_every_promise(path: Path) -> None:
    def build() -> Tree:
        leaves = (says("it is 4"), says("5"), fails("4"), says("it is", "4"))
        checks: dict[str, Check] = {
            "agreement": Agreement(leaves[1:3], NUMBER),
            "arithmetic": Arithmetic(),
        }
        return Cascade([leaves[0]], leaves[3], Combined(checks, path)), leaves

    await check_promises(build)


async def test_the_score_is_the_logistic_of_the_weighted_parts(path: Path) -> None:
    reading = await Combined(parts("4"), path)(HELLO, answer("2 + 2 = 4"))
    assert reading.score == pytest.approx(sigmoid(2.0))
    reading = await Combined(parts("5"), path)(HELLO, answer("2 + 2 = 5"))
    assert reading.score == pytest.approx(sigmoid(2.0 - 3.0))


async def test_a_part_that_abstains_counts_as_that_and_not_as_bad(path: Path) -> None:
    reading = await Combined(parts("no idea"), path)(HELLO, answer("2 + 2 = 4"))
    assert reading.score == pytest.approx(sigmoid(-2.0))
    assert reading.numbers == {"arithmetic": 1.0, "auroc": 0.9}


async def test_where_all_parts_abstain_it_abstains(path: Path) -> None:
    reading = await Combined(parts("no idea"), path)(HELLO, answer("It is 4"))
    assert reading.score is None
    assert "arithmetic: there is no equation to check" in reading.because


async def test_a_part_that_fails_abstains(path: Path) -> None:
    class Broken:
        async def __call__(self, request: Request, answer: Answer) -> Reading:
            raise Failed("boom")

    checks: dict[str, Check] = {"agreement": Broken(), "arithmetic": Arithmetic()}
    reading = await Combined(checks, path)(HELLO, answer("2 + 2 = 4"))
    assert reading.score == pytest.approx(sigmoid(-2.0))


async def test_bills_of_the_parts_come_as_they_are_told(path: Path) -> None:
    check = Combined(parts("4", "5"), path)
    events = [event async for event in weigh(check, HELLO, answer("4"))]
    kinds = [type(event).__name__ for event in events]
    assert kinds == [*["Call", "Usage", "Candidate"] * 2, "Reading"]


async def test_each_part_says_its_score(path: Path) -> None:
    reading = await Combined(parts("4", "5"), path)(HELLO, answer("2 + 2 = 4"))
    assert reading.numbers == {"agreement": 0.5, "arithmetic": 1.0, "auroc": 0.9}


async def test_a_doubtful_draft_is_sent_on(path: Path) -> None:
    route = Cascade([says("2 + 2 = 5")], says("hosted"), Combined(parts("4"), path))
    assert await said(route) == "hosted"


async def test_drafts_are_asked_for_logprobs_where_a_part_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "checks.json"
    Combination("2026-01-31", 99, 0.5, 5, 0.0, (), {"logprobs": GRADE}, GRADE).save(file)
    draft = says("4")
    check = Combined({"logprobs": Logprobs()}, file)
    assert isinstance(check, ReadsLogprobs)
    await heard(Cascade([draft], says("5"), check))
    assert draft.journal.asked[0].sampling.logprobs == 0


async def test_drafts_are_not_asked_for_them_elsewhere(path: Path) -> None:
    draft = says("4")
    await heard(Cascade([draft], says("5"), Combined(parts("4"), path)))
    assert draft.journal.asked[0].sampling.logprobs is None


async def test_features_are_scores_abstentions_numbers_and_the_length() -> None:
    text = Answer((Text("2 + 2 = 5", (Logprob("5", math.log(0.5)),)), Finish()))
    checks: dict[str, Check] = {"sums": Arithmetic(), "faults": Heuristic(), "sure": Logprobs()}
    readings = {name: await check(HELLO, text) for name, check in checks.items()}
    assert features(readings, text) == pytest.approx(
        {
            "length": math.log(10),
            "sums": 0.0,
            "sums?": 0.0,
            "sums.checked": 1.0,
            "sums.wrong": 1.0,
            "faults": 1.0,
            "faults?": 0.0,
            "sure": 0.5,
            "sure?": 0.0,
            "sure.tokens": 1.0,
            "sure.p0": 0.5,
            "sure.p10": 0.5,
            "sure.p50": 0.5,
        }
    )


def test_a_stored_combination_is_plain_json_with_a_date_and_grades(path: Path) -> None:
    found = json.loads(path.read_text())
    assert (found["kind"], found["made"], found["rows"]) == ("combination", "2026-01-31", 200)
    assert found["checks"]["agreement"]["auroc"] == 0.9


def test_what_is_saved_is_what_is_loaded(path: Path) -> None:
    assert load(path, ["agreement", "arithmetic"]) == LEARNED


@pytest.mark.parametrize(
    ("checks", "named"),
    [
        ({"agreement": Heuristic()}, "arithmetic; add it to `checks`"),
        ({"a": Heuristic(), "agreement": Heuristic(), "arithmetic": Heuristic()}, "a; leave it"),
        ({}, "needs `checks`"),
    ],
)
def test_checks_that_it_was_not_learned_from_are_refused(
    path: Path, checks: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        Combined(checks, path)


@pytest.mark.parametrize(
    "content", ["", "{}", "[1]", '{"kind": "combination"}', "\udcff", "[" * 100_000]
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "checks.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ConfigError, match="no combination"):
        Combined({"agreement": Heuristic()}, path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="calibrate one first"):
        Combined({"agreement": Heuristic()}, tmp_path / "gone.json")


def test_a_scale_of_nothing_is_refused(tmp_path: Path, path: Path) -> None:
    path.write_text(path.read_text().replace('"scale": 1.0', '"scale": 0.0'))
    with pytest.raises(ConfigError, match="scale"):
        load(path, ["agreement", "arithmetic"])
