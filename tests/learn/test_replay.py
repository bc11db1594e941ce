"""Walking another route over what is past."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeward.backends.prices import Price
from homeward.backends.scripted import Journal, Scripted
from homeward.embedding import Embedder, Embeddings, Texts
from homeward.errors import ConfigError, ModelError
from homeward.learn.history import Case
from homeward.learn.playback import Playback, Tape, playback
from homeward.learn.replay import Outcome, at_the_time, replay, tape_of
from homeward.learn.replayed import picture, summarise, then_named
from homeward.model import Clearance, Message, Model, Request, Usage
from homeward.outcomes import Given, RecordedAnswer, Row
from homeward.signals.agreement import Agreement
from homeward.signals.logprobs import Logprobs
from homeward.signals.numbers import Number
from homeward.signals.rules import Rules
from homeward.strategies.cascade import Cascade
from homeward.strategies.fallback import Fallback
from homeward.strategies.router import Router
from tests.contract import check_bill_arrives, check_ends_with_finish

GIVEN = Given("auto", "small", 1.0, 0.5, 0.25, "machine", "world")
ANSWERS = {
    "small": RecordedAnswer(0.5, "7", cost_usd=0.25, where="machine"),
    "large": RecordedAnswer(1.0, "42", cost_usd=1.0, where="world"),
}
ROW = Row("a question", id="r1", answers=ANSWERS, given=GIVEN)


def case(row: Row = ROW) -> Case:
    return Case(row, row.request(Clearance.WORLD))


def leaf(name: str, tape: Tape, **fields: Any) -> Playback:
    return playback(Scripted(model=name, **fields), name, "", tape)


async def replayed(
    route: Any, *cases: Case, clearance: Clearance = Clearance.WORLD, **settings: Any
) -> tuple[list[Outcome], Tape]:
    """``route`` makes the tree of a tape."""
    tape = tape_of(cases, **settings)
    walked = replay(route(tape), cases, tape, clearance=clearance)
    return [outcome async for outcome in walked], tape


async def one(route: Any, *cases: Case, **settings: Any) -> Outcome:
    [outcome], _ = await replayed(route, *(cases or (case(),)), **settings)
    return outcome


def large(tape: Tape) -> Model:
    return leaf("large", tape)


# ---------------------------------------------------------------- what is recorded


async def test_a_recorded_answer_is_played_back_with_its_score_cost_and_place() -> None:
    assert await one(large) == Outcome("r1", "large", 1.0, 1.0, local=False)


async def test_nobody_is_asked_for_what_is_recorded() -> None:
    journal = Journal()
    await one(lambda tape: leaf("large", tape, journal=journal), asks=True)
    assert journal.asked == []


async def test_played_back_answers_keep_the_rules_of_the_stream() -> None:
    await check_ends_with_finish(large(tape_of([case()])), case().request)
    await check_bill_arrives(large(tape_of([case()])), case().request)


async def test_a_model_is_known_by_its_name_in_the_file_too() -> None:
    assert (await one(lambda tape: playback(Scripted(model="x"), "x", "large", tape))).score == 1.0


async def test_a_list_price_makes_a_cost_of_the_length() -> None:
    answer = RecordedAnswer(1.0, "long", chars=4000, usd_per_mtok=1000.0)
    row = replace(ROW, prompt="", answers={"large": answer})
    assert (await one(large, case(row))).cost_usd == pytest.approx(1.004)


async def test_where_a_model_lived_may_not_be_known() -> None:
    row = replace(ROW, answers={"large": replace(ANSWERS["large"], where=None)})
    assert (await one(large, case(row))).local is None


async def test_a_request_goes_no_farther_than_it_might_have_then() -> None:
    row = replace(ROW, given=replace(GIVEN, clearance="machine"))
    both = await one(lambda tape: Fallback([large(tape), leaf("small", tape)]), case(row))
    assert both.model == "small"


async def test_a_request_goes_no_farther_than_it_may_now() -> None:
    outcome = await one(large, clearance=Clearance.NETWORK)
    assert "farther away" in (outcome.error or "")
    assert outcome.score == 0.0


async def test_an_answer_that_nobody_graded_has_no_score() -> None:
    row = replace(ROW, answers={"large": replace(ANSWERS["large"], score=None)})
    assert (await one(large, case(row))).score is None


async def test_an_answer_that_nobody_graded_is_graded_by_the_reference() -> None:
    row = replace(ROW, reference="42", answers={"large": RecordedAnswer(None, "It is 42.")})
    assert (await one(large, case(row))).score == 1.0


async def test_a_whole_conversation_is_asked() -> None:
    messages = (Message("system", "be brief"), Message("user", "a question"))
    row = replace(ROW, messages=messages)

    def route(tape: Tape) -> Model:
        by = Rules([{"x": "question"}])
        return Router(by, {"x": large(tape)}, leaf("small", tape))

    assert (await one(route, case(row))).model == "large"


# ---------------------------------------------------------------- what is not


def lacking(name: str, said: str = "did not answer then") -> Any:
    return [(name, said)]


def why(outcome: Outcome) -> list[tuple[str, str]]:
    return [(miss.leaf.name, miss.why) for miss in outcome.misses]


async def test_a_model_that_was_never_recorded_makes_a_row_that_is_not_replayable() -> None:
    assert why(await one(lambda tape: leaf("new", tape))) == lacking("new")


async def test_a_model_with_a_score_but_no_words_is_not_recorded() -> None:
    row = replace(ROW, answers={"large": RecordedAnswer(1.0)})
    assert why(await one(large, case(row))) == lacking("large")


async def test_a_row_stays_unreplayable_where_a_parent_knows_a_way_out() -> None:
    outcome = await one(lambda tape: Fallback([leaf("new", tape), large(tape)]))
    assert why(outcome) == lacking("new")
    assert outcome.score is None


async def test_a_judge_is_asked_what_nobody_asked_it() -> None:
    from homeward.signals.judge import Judge

    def route(tape: Tape) -> Model:
        return Cascade(
            [leaf("small", tape)], large(tape), Judge(leaf("large", tape), alternatives=None)
        )

    assert why(await one(route))[0] == ("large", "would be asked what nobody asked it then")


async def test_a_checker_that_answered_the_same_question_is_played_back() -> None:
    def route(tape: Tape) -> Model:
        check = Agreement({"large": leaf("large", tape)}, Number())
        return Cascade([leaf("small", tape)], leaf("small", tape), check)

    outcome = await one(route)
    assert why(outcome) == [("small", "would be asked more than once")]


async def test_one_answer_does_not_agree_with_itself() -> None:
    def route(tape: Tape) -> Model:
        check = Agreement({"again": leaf("small", tape)}, Number())
        return Cascade([leaf("small", tape)], large(tape), check)

    assert why(await one(route))[0] == ("small", "would be asked more than once")


async def test_token_probabilities_are_not_kept() -> None:
    def route(tape: Tape) -> Model:
        return Cascade([leaf("small", tape)], large(tape), Logprobs())

    assert "token probabilities" in why(await one(route))[0][1]


def test_rows_of_one_id_cannot_be_told_apart() -> None:
    with pytest.raises(ConfigError, match="two rows have one id"):
        tape_of([case(), case()])


# ---------------------------------------------------------------- asked for real

PAID = Price(input=0.0, output=1000.0)


class Dear:
    """A model that costs a tenth of a cent a token, and says one."""

    model = "dear"

    def __init__(self) -> None:
        self.asked = 0

    def chat(self, request: Request, /) -> Any:
        from homeward.backends.meter import Meter

        return Meter("dear", Clearance.MACHINE, PAID).read(self._say(), request)

    async def _say(self) -> Any:
        from homeward.model import Finish, Text

        self.asked += 1
        yield Text("so much")
        yield Usage("", "dear", 0, 1)
        yield Finish()


def dear(model: Dear) -> Any:
    return lambda tape: playback(model, "dear", "", tape)


def short(id_: str = "r1") -> Case:
    asked = case(replace(ROW, id=id_, answers={}))
    return replace(asked, request=asked.request.sampled(max_tokens=2))


async def test_a_model_that_was_never_recorded_is_asked_if_that_was_said() -> None:
    outcome = await one(lambda tape: leaf("new", tape, says="42"), asks=True)
    assert (outcome.model, outcome.misses, outcome.cost_usd) == ("new", (), 0.0)


async def test_without_a_budget_nothing_is_asked_that_costs_money() -> None:
    model = Dear()
    outcome = await one(dear(model), short(), asks=True)
    assert model.asked == 0
    assert "budget" in why(outcome)[0][1]


async def test_what_the_budget_pays_for_is_asked_and_billed() -> None:
    model = Dear()
    [outcome], tape = await replayed(dear(model), short(), asks=True, usd=0.0025)
    assert outcome.model == "dear"
    assert outcome.cost_usd == pytest.approx(0.001)
    assert tape.spent_usd == pytest.approx(0.001)
    assert tape.usd == pytest.approx(0.0015)


@given(budget=st.floats(0, 0.02), rows=st.integers(1, 12))
async def test_all_together_never_cost_more_than_the_budget(budget: float, rows: int) -> None:
    cases = [short(f"r{n}") for n in range(rows)]
    outcomes, tape = await replayed(dear(Dear()), *cases, asks=True, usd=budget)
    spent = sum(outcome.cost_usd or 0.0 for outcome in outcomes)
    assert spent == pytest.approx(tape.spent_usd)
    assert spent <= budget + 1e-12
    assert len(outcomes) == rows


async def test_what_fails_when_it_is_asked_is_a_failure_and_no_miss() -> None:
    outcome = await one(lambda tape: leaf("new", tape, fails="it broke"), asks=True)
    assert (outcome.error, outcome.score, outcome.misses) == ("it broke", 0.0, ())


class Embeds(Scripted):
    async def embed(self, request: Texts, heard: Any = None) -> Embeddings:
        return Embeddings(((1.0,),), Usage("c", "e", cost_usd=0.25))


async def test_an_embedder_is_one_still_and_asked_only_if_that_was_said() -> None:
    for asks in (False, True):
        tape = tape_of([case()], asks=asks, usd=1.0)
        embedder = playback(Embeds(model="e"), "e", "", tape)
        assert isinstance(embedder, Embedder)
        texts = Texts(("a",), trace="r1")
        if asks:
            assert (await embedder.embed(texts)).vectors == ((1.0,),)
            assert (tape.usd, tape.spent_usd) == (0.75, 0.25)
        else:
            with pytest.raises(ModelError, match="embeddings"):
                await embedder.embed(texts)
            assert list(tape.misses) == ["r1"]


def test_a_leaf_that_cannot_embed_does_not_seem_to() -> None:
    assert not isinstance(leaf("small", tape_of([case()])), Embedder)


# ---------------------------------------------------------------- then


def test_what_was_given_then_is_in_the_row() -> None:
    assert at_the_time(ROW) == Outcome("r1", "small", 0.5, 0.25, local=True)


def test_a_table_that_does_not_say_what_was_given_needs_a_route_to_compare_with() -> None:
    with pytest.raises(ConfigError, match="--against"):
        at_the_time(Row("p", id="r1"))


def test_the_score_of_the_answer_that_was_given_will_do() -> None:
    row = replace(ROW, given=replace(GIVEN, score=None))
    assert at_the_time(row).score == 0.5


# ---------------------------------------------------------------- the report


def rows(count: int, **fields: Any) -> list[Case]:
    return [case(replace(ROW, id=f"r{n}", **fields)) for n in range(count)]


def side(count: int, *, model: str = "small", **fields: Any) -> list[Outcome]:
    known = {"score": 0.5, "cost_usd": 0.25, "local": True, **fields}
    return [Outcome(f"r{n}", model, **known) for n in range(count)]


def report(cases: Sequence[Case], before: list[Outcome], after: list[Outcome]) -> Any:
    return summarise(cases, before, after, route="new", against="auto")


def test_cost_score_and_place_are_summed_then_and_now() -> None:
    after = side(40, model="large", score=1.0, cost_usd=1.0, local=False)
    found = report(rows(40), side(40), after)
    assert (found.cost_usd.then, found.cost_usd.now) == (10.0, 40.0)
    assert (found.score.then, found.score.now) == (0.5, 1.0)
    assert (found.local_share.then, found.local_share.now) == (1.0, 0.0)
    assert (found.difference, found.interval95) == (0.5, (0.5, 0.5))
    assert (found.other_model, found.replayed) == (40, 40)
    assert found.verdict.word == "better"


def test_the_order_of_the_outcomes_is_of_no_matter() -> None:
    before, after = side(40), side(40, score=0.25)
    assert report(rows(40), before[::-1], after) == report(rows(40), before, after[::-1])


def test_a_row_without_a_known_price_is_in_neither_sum() -> None:
    after = [replace_cost(each, None if n else 1.0) for n, each in enumerate(side(40))]
    found = report(rows(40), side(40), after)
    assert (found.cost_usd.rows, found.cost_usd.then, found.cost_usd.now) == (1, 0.25, 1.0)


def replace_cost(outcome: Outcome, cost: float | None) -> Outcome:
    return replace(outcome, cost_usd=cost)


def test_rows_that_cannot_be_replayed_are_counted_and_their_reason_told() -> None:
    tape = tape_of(rows(1))
    tape.miss(leaf("new", tape), "did not answer then", Request.of("p", trace="r0"))
    missed = [replace(side(1)[0], misses=tuple(tape.misses["r0"])), *side(40)[1:]]
    found = report(rows(40), side(40), missed)
    assert (found.rows, found.replayed, found.not_replayable) == (40, 39, 1)
    assert found.missing == {"new did not answer then": 1}
    assert found.score.rows == 39


def test_where_the_new_answers_have_no_score_nothing_can_be_told() -> None:
    found = report(rows(40), side(40), side(40, model="large", score=None))
    assert (found.unscored, found.difference) == (40, None)
    assert found.verdict.word == "cannot tell"
    assert "40 of 40 rows" in found.verdict.because


def test_rows_that_stay_as_they_are_do_not_hide_those_that_change() -> None:
    after = [*side(20), *side(40, model="large", score=None)[20:]]
    found = report(rows(40), side(40), after)
    assert found.difference == 0.0
    assert found.verdict.word == "cannot tell"


def test_the_same_answers_are_not_worse() -> None:
    found = report(rows(40), side(40, score=None), side(40, score=None))
    assert found.verdict.word == "not worse"


def test_rows_of_one_conversation_count_as_one() -> None:
    found = report(rows(40, conversation="c"), side(40), side(40, model="large", score=1.0))
    assert found.conversations == 1
    assert found.verdict.word == "cannot tell"


def test_failed_rows_are_told() -> None:
    after = side(40, model="large", error="it broke", score=0.0)
    found = report(rows(40), side(40), after)
    assert found.errors == 40
    assert found.first_errors[0].error == "it broke"


def test_without_a_row_there_is_no_report() -> None:
    with pytest.raises(ValueError, match="no row"):
        report([], [], [])


def test_the_baseline_is_named_by_the_routes_that_answered() -> None:
    other = case(replace(ROW, id="r2", given=replace(GIVEN, route="fast")))
    assert then_named([case(), other]) == "what was answered at the time by auto, fast"


def test_a_picture_has_both_sides() -> None:
    found = report(rows(40), side(40), side(40, model="large", score=1.0, cost_usd=1.0))
    points = picture(found).points
    assert points is not None
    assert (points.x, points.y) == ((10.0, 40.0), (0.5, 1.0))
    assert points.labels == ("auto", "new")


def test_without_cost_and_score_there_is_no_picture() -> None:
    with pytest.raises(ConfigError, match="nothing to draw"):
        picture(report(rows(40), side(40, score=None), side(40)))
