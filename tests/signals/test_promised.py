from dataclasses import dataclass, field
from pathlib import Path

import pytest

from homeward.backends.scripted import Scripted
from homeward.config import parse
from homeward.errors import ConfigError, Failed
from homeward.model import Answer, Decision, Finish, Request, Text, Usage, collect
from homeward.reading import Asks, Reading
from homeward.signals.agreement import Agreement
from homeward.signals.answers import EXTRACTORS
from homeward.signals.drift import Drifts
from homeward.signals.logprobs import Logprobs
from homeward.signals.promise import Part
from homeward.signals.promised import Promised
from homeward.signals.rules import Rules
from homeward.strategies.cascade import Cascade
from homeward.tree import children_of
from tests.contract import HELLO, Tree, check_promises, heard, says
from tests.signals.promises import promise

ANSWER = Answer((Text("42"), Finish()))
CODE = Request.of("Write a Python function that sorts a list.")


@dataclass(frozen=True)
class Says:
    score: float | None = 0.9
    error: Failed | None = None
    asked: list[Request] = field(default_factory=list[Request], compare=False)

    async def __call__(self, request: Request, answer: Answer) -> Reading:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        return Reading("inner", self.score, "the inner reason", {"tokens": 3.0})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    promise().write(tmp_path / "sums.json")
    return tmp_path / "sums.json"


async def test_a_score_at_the_threshold_is_kept_and_says_what_that_is_worth(path: Path) -> None:
    reading = await Promised(Says(0.8), path)(HELLO, ANSWER)
    assert reading.score == 1.0
    assert reading.because == ("0.8 >= 0.8: right 95 in 100, calibrated 2026-11-21 on 400 rows")
    assert reading.numbers == {
        "tokens": 3.0,
        "score": 0.8,
        "threshold": 0.8,
        "target": 0.95,
        "bound": 0.047,
        "rows": 400.0,
        "calibrated": 1.0,
    }


async def test_a_score_below_is_not_kept(path: Path) -> None:
    reading = await Promised(Says(0.79), path)(HELLO, ANSWER)
    assert reading.score == 0.0
    assert reading.because.startswith("0.79 < 0.8: ")


async def test_an_abstention_stays_one(path: Path) -> None:
    reading = await Promised(Says(None), path)(HELLO, ANSWER)
    assert reading.score is None
    assert reading.because.startswith("the inner reason; right 95 in 100")
    assert reading.numbers["calibrated"] == 1.0


async def test_a_check_that_fails_abstains_and_is_no_drift(path: Path) -> None:
    promised = Promised(Says(error=Failed("no judge")), path)
    for _ in range(200):
        reading = await promised(HELLO, ANSWER)
    assert reading.score is None
    assert "the check failed: no judge" in reading.because
    assert not promised.drift.alarm


async def test_where_nothing_could_be_promised_nothing_is_kept_or_asked(tmp_path: Path) -> None:
    promise(None).write(tmp_path / "p.json")
    check = Says(1.0)
    reading = await Promised(check, tmp_path / "p.json")(HELLO, ANSWER)
    assert reading.score is None
    assert reading.because == (
        "nothing can be promised right 95 in 100 on 400 rows, about 600 would do"
    )
    assert check.asked == []


async def test_each_task_has_its_threshold_and_one_never_seen_has_none(tmp_path: Path) -> None:
    made = promise(by="task", groups={"code": Part(0.95, 100)}, shared=("chat",))
    made.write(tmp_path / "p.json")
    promised = Promised(Says(0.9), tmp_path / "p.json")
    assert (await promised(CODE, ANSWER)).score == 0.0
    assert (await promised(Request.of("hello there"), ANSWER)).score == 1.0
    unseen = await promised(Request.of("Translate this to French: good day"), ANSWER)
    assert unseen.score is None
    assert unseen.because.startswith("questions of translation were not calibrated on")


async def test_groups_of_a_table_are_labelled_by_your_own_signal(tmp_path: Path) -> None:
    promise(by="group", groups={"law": Part(0.95, 100)}).write(tmp_path / "p.json")
    with pytest.raises(ConfigError, match="name the signal"):
        Promised(Says(), tmp_path / "p.json")
    promised = Promised(Says(0.9), tmp_path / "p.json", Rules([{"law": "contract"}]))
    assert (await promised(Request.of("a contract"), ANSWER)).score == 0.0


def test_without_its_file_it_is_not_built(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no promise at"):
        Promised(Says(), tmp_path / "p.json")


# ---------------------------------------------------------------- drift


async def test_after_an_alarm_the_promise_is_off_and_says_so_every_time(path: Path) -> None:
    check = Says(0.1)
    promised = Promised(check, path)
    while not promised.drift.alarm:
        await promised(HELLO, ANSWER)
    asked = len(check.asked)
    for _ in range(3):
        reading = await promised(HELLO, ANSWER)
        assert reading.score is None
        assert reading.because.startswith("the promise of 2026-11-21 is off: 0% of ")
        assert reading.because.endswith("calibrate anew")
        assert reading.numbers == {"calibrated": 0.0, "alarm": 1.0, "target": 0.95}
    assert len(check.asked) == asked


async def test_routes_over_one_file_see_one_drift(path: Path) -> None:
    drifts = Drifts()
    first, second = (Promised(Says(0.1), path, drifts=drifts) for _ in range(2))
    while not first.drift.alarm:
        await first(HELLO, ANSWER)
    assert second.drift.alarm


# ---------------------------------------------------------------- in a cascade


def guarded(text: str, path: Path, *, agrees: str = "42") -> tuple[Cascade, list[Scripted]]:
    leaves = [
        says(text, model="small"),
        says("final", model="large"),
        says(agrees, model="checker"),
    ]
    check = Agreement(leaves[2], EXTRACTORS["number"]())
    return Cascade([leaves[0]], leaves[1], Promised(check, path)), leaves


async def test_a_cascade_tells_the_promise_and_not_its_own_threshold(path: Path) -> None:
    events = await heard(guarded("42", path)[0])
    [decision] = [event for event in events if isinstance(event, Decision)]
    assert decision.chose == "1"
    assert "not calibrated" not in decision.because
    told = {name: decision.numbers[name] for name in ("calibrated", "score", "threshold")}
    assert told == {"calibrated": 1.0, "score": 1.0, "threshold": 0.8}


async def test_the_bills_of_the_check_inside_are_passed_on(path: Path) -> None:
    events = await heard(guarded("41", path)[0])
    bills = [event.model for event in events if isinstance(event, Usage)]
    assert bills == ["small", "checker", "large"]


async def test_a_cascade_under_a_promise_keeps_the_promises_of_a_stream(path: Path) -> None:
    def build() -> Tree:
        return guarded("41", path)

    await check_promises(build)


def test_it_tells_its_notes_while_it_works(path: Path) -> None:
    assert isinstance(Promised(Says(), path), Asks)


@pytest.mark.parametrize(("check", "wanted"), [(Logprobs(logprobs=2), 2), (Says(), None)])
async def test_it_wants_the_logprobs_that_the_check_inside_wants(
    path: Path, check: Says | Logprobs, wanted: int | None
) -> None:
    draft = says("42")
    await collect(Cascade([draft], says("final"), Promised(check, path)).chat(HELLO))
    assert [request.sampling.logprobs for request in draft.journal.asked] == [wanted]


def test_the_models_of_the_check_inside_are_in_the_tree(path: Path) -> None:
    cascade, leaves = guarded("42", path)
    assert leaves[2] in [child for _, child in children_of(cascade)]


async def test_it_is_written_in_a_file(path: Path) -> None:
    config = parse(
        "models:\n"
        "  a: {scripted: {says: '42'}}\n"
        "  b: {cascade: {drafts: [a], final: {echo: {}}, "
        "accept: {promised: {check: {agreement: {with: a, type: number}}, path: sums.json}}}}\n"
        "  c: {cascade: {drafts: [a], final: {echo: {}}, "
        "accept: {promised: {check: heuristic, path: sums.json}}}}\n",
        base=path.parent,
    )
    async with config.open() as models:
        answer = await collect(models["b"].chat(HELLO))
        assert answer.decisions[0].numbers["calibrated"] == 1.0
        b, c = (vars(models[name])["accept"].drifts for name in "bc")
        assert b is c
