import json
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.backends.scripted import Scripted
from homeward.errors import ConfigError
from homeward.model import Answer, Call, Candidate, Decision, Finish, Reasoning, ToolCall, collect
from homeward.strategies.ensemble import Ensemble
from homeward.strategies.vote import Ballot, Vote, by_field, tally, vote_weight
from tests.contract import HELLO, Tree, check_promises, fails, says

VALUES = st.one_of(st.none(), st.sampled_from(["1", "2", "3"]))
BALLOTS = st.lists(VALUES, min_size=1, max_size=9).map(
    lambda values: [Ballot(str(place), value) for place, value in enumerate(values)]
)


def number(answer: Answer) -> str | None:
    """The last word, if it is a number."""
    *_, last = answer.text.split() or [""]
    return last if last.isdigit() else None


def as_json(answer: Answer) -> str | None:
    return answer.text or None


def calls(answer: Answer) -> str | None:
    return json.dumps([(c.name, c.arguments) for c in answer.tool_calls]) or None


async def voted(*leaves: Scripted, vote: Vote | None = None, **options: object) -> Answer:
    panel = Ensemble(leaves, vote or Vote(number), **options)  # type: ignore[arg-type]
    return await collect(panel.chat(HELLO))


def decision(answer: Answer) -> Decision:
    return next(e for e in answer.events if isinstance(e, Decision))


async def test_the_best_prior_of_the_winners_is_heard_in_full_and_named() -> None:
    answer = await voted(
        says("it is 7", model="a"),
        Scripted([Reasoning("hm"), "say 8"], model="b"),
        says("so 8", model="c"),
    )
    assert (answer.text, answer.reasoning) == ("say 8", "hm")
    assert answer.finish == Finish(model="b")
    assert decision(answer).chose == "2"
    assert decision(answer).numbers == {
        "agreement": 2 / 3,
        "votes": 2.0,
        "voters": 3.0,
        "abstained": 0.0,
    }
    extracted = [e.extracted for e in answer.events if isinstance(e, Candidate)]
    assert extracted == ["7", "8", "8"]


async def test_abstentions_and_failures_do_not_vote() -> None:
    answer = await voted(says("dunno"), fails(), says("no idea"), says("it is 7"))
    assert answer.text == "it is 7"
    assert decision(answer).numbers["agreement"] == 1.0
    assert decision(answer).numbers["abstained"] == 2.0


async def test_a_tie_goes_to_the_prior() -> None:
    assert (await voted(says("7", after=0.01), says("8"))).text == "7"


async def test_without_any_typed_answer_the_first_is_said_and_the_decision_says_so() -> None:
    answer = await voted(fails(), says("dunno"), says("perhaps"))
    assert answer.text == "dunno"
    assert "nobody gave a typed answer" in decision(answer).because


async def test_ends_when_the_leader_cannot_be_overtaken() -> None:
    slow = says("9", after=3600.0)
    answer = await voted(says("7"), says("7"), slow)
    assert answer.text == "7"
    assert [bill.outcome for bill in answer.usage] == ["finished", "finished", "cancelled"]
    assert slow.journal.open == 0


async def test_one_after_another_stops_at_the_first_two_that_agree() -> None:
    leaves = [says("7"), says("8"), says("7"), says("8"), says("8")]
    answer = await voted(*leaves, vote=Vote(number, first_to=2), at_once=1)
    assert answer.text == "7"
    assert [len(leaf.journal.asked) for leaf in leaves] == [1, 1, 1, 0, 0]


async def test_first_to_asks_no_more_at_once_than_could_decide_it() -> None:
    leaves = [says("7"), says("8", after=0.005), says("8"), says("9")]
    answer = await voted(*leaves, vote=Vote(number, first_to=2))
    assert answer.text == "8"
    assert [len(leaf.journal.asked) for leaf in leaves] == [1, 1, 1, 0]


async def test_who_fails_or_abstains_is_replaced_on_the_way_to_two_that_agree() -> None:
    leaves = [fails(), says("dunno"), says("7"), says("7"), says("7")]
    answer = await voted(*leaves, vote=Vote(number, first_to=2))
    assert answer.text == "7"
    assert sum(isinstance(e, Call) for e in answer.events) == 4


async def test_weights_let_one_good_model_outvote_two_poor_ones() -> None:
    models = {"a": says("7"), "b": says("7"), "c": says("8")}
    weights = {"a": 0.2, "b": 0.2, "c": 0.95}
    panel = Ensemble(models, Vote(number), weights=weights)
    assert (await collect(panel.chat(HELLO))).text == "8"


def test_a_model_that_is_often_wrong_never_counts_against_its_answer() -> None:
    assert vote_weight(0.4) > 0
    assert vote_weight(0.0) == 0
    assert vote_weight(0.9) > vote_weight(0.5) > vote_weight(0.2)


async def test_tool_calls_can_be_voted_on() -> None:
    wrong, right = ToolCall(0, "1", "f", '{"x":1}'), ToolCall(0, "2", "f", '{"x":2}')
    leaves = [Scripted([call, Finish("tool_calls")]) for call in (wrong, right, right)]
    answer = await voted(*leaves, vote=Vote(calls))
    assert answer.tool_calls == (right,)
    assert answer.finish == Finish("tool_calls", "scripted")


async def test_fields_are_voted_on_one_by_one_in_nobodys_voice() -> None:
    texts = ['{"a": 1, "b": 1}', '{"a": 1, "b": 2, "x": 0}', '{"a": 3, "b": 2}']
    answer = await voted(*map(says, texts), vote=Vote(as_json, fields=True))
    assert json.loads(answer.text) == {"a": 1, "b": 2}
    assert answer.finish == Finish()
    assert decision(answer).chose == "merged"


async def test_an_object_that_somebody_gave_keeps_its_voice() -> None:
    texts = ['{"a": 1}', '{"a" : 2}', '{"a":2}']
    answer = await voted(*map(says, texts), vote=Vote(as_json, fields=True))
    assert answer.text == '{"a" : 2}'
    assert answer.finish == Finish(model="scripted")


def test_true_is_not_one_when_fields_are_compared() -> None:
    ballots = [Ballot("a", '{"x": 1}'), Ballot("b", '{"x": true}'), Ballot("c", '{"x": true}')]
    assert by_field(ballots) == {"x": "true"}
    assert by_field([Ballot("a", "[1]"), Ballot("b", "{"), Ballot("c", None)]) is None


async def test_permuting_the_models_does_not_change_what_wins() -> None:
    for order in permutations(["7", "8", "8", "dunno"]):
        assert (await voted(*map(says, order))).text == "8"


async def test_the_typed_answer_is_looked_for_once_in_each_answer() -> None:
    looked: list[str] = []

    def extract(answer: Answer) -> str | None:
        looked.append(answer.text)
        return number(answer)

    await voted(says("7"), says("8"), says("9"), says("dunno"), vote=Vote(extract))
    assert sorted(looked) == ["7", "8", "9", "dunno"]


def test_first_to_needs_a_number() -> None:
    with pytest.raises(ConfigError, match="how many must agree"):
        Vote(number, first_to=0)


@given(BALLOTS)
@settings(deadline=None)
def test_the_winner_has_a_plurality(ballots: list[Ballot]) -> None:
    standings = tally(ballots)
    values = [b.value for b in ballots if b.value is not None]
    assert bool(standings) == bool(values)
    if standings:
        assert values.count(standings[0].value) == max(map(values.count, values))
        tied = [v for v in values if values.count(v) == values.count(standings[0].value)]
        assert standings[0].value == tied[0]


@given(BALLOTS, st.integers(0, 9))
@settings(deadline=None)
def test_another_abstention_changes_nothing(ballots: list[Ballot], place: int) -> None:
    with_one_more = [*ballots[:place], Ballot("more", None), *ballots[place:]]
    assert tally(with_one_more) == tally(ballots)


@given(BALLOTS, st.randoms())
@settings(deadline=None)
def test_the_order_decides_nothing_but_ties(ballots: list[Ballot], random: object) -> None:
    shuffled = list(ballots)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    one, other = tally(ballots), tally(shuffled)
    assert {s.value: s.weight for s in one} == {s.value: s.weight for s in other}
    if one and (len(one) == 1 or one[0].weight > one[1].weight):
        assert one[0].value == other[0].value


@given(st.lists(VALUES, min_size=1, max_size=5), st.permutations(range(5)))
@settings(deadline=None, max_examples=40)
async def test_ending_early_never_changes_the_winner(
    values: list[str | None], delays: list[int]
) -> None:
    leaves = [
        says(value or "dunno", after=0.001 * delay)
        for value, delay in zip(values, delays, strict=False)
    ]
    answer = await voted(*leaves)
    everybody = tally([Ballot(str(n), value) for n, value in enumerate(values)])
    assert number(answer) == (everybody[0].value if everybody else None)


async def test_when_nobody_has_a_typed_answer_the_other_is_asked() -> None:
    vote = Vote(number, else_=says("ask a human", model="other"))
    answer = await voted(says("who knows"), says("not me"), vote=vote)
    assert (answer.text, answer.finish) == ("ask a human", Finish(model="other"))
    assert decision(answer).chose == "else"


async def test_the_other_is_not_asked_when_somebody_has_an_answer() -> None:
    other = says("ask a human")
    await voted(says("who knows"), says("7"), vote=Vote(number, else_=other))
    assert other.journal.asked == []


async def test_with_somebody_else_every_promise_is_kept() -> None:
    def tree() -> Tree:
        leaves = [says("who knows"), says("ask", " a human")]
        return Ensemble(leaves[:1], Vote(number, else_=leaves[1])), leaves

    await check_promises(tree)
