from dataclasses import dataclass
from typing import Any

from homeward.backends.echo import Echo
from homeward.backends.scripted import Scripted
from homeward.errors import Failed
from homeward.explain import Step, explain
from homeward.model import Model, Request
from homeward.reading import Reading
from homeward.signals.answers import extractor
from homeward.signals.first import First
from homeward.strategies.cached import Cached
from homeward.strategies.cascade import Cascade
from homeward.strategies.concat import Concat
from homeward.strategies.ensemble import Ensemble, Merge
from homeward.strategies.experiment import Experiment
from homeward.strategies.fallback import Fallback
from homeward.strategies.fuse import Fuse
from homeward.strategies.hedge import Hedge
from homeward.strategies.limited import Limited
from homeward.strategies.router import Router
from homeward.strategies.vote import Vote
from homeward.strategies.weighted import Weighted

A, B, C = Echo("a"), Echo("b"), Echo("c")
ABC: dict[str, Model] = {"a": A, "b": B, "c": C}


@dataclass(frozen=True)
class Says:
    """A signal that needs no model."""

    label: str | None = None
    because: str = ""
    fails: bool = False
    score: float | None = None
    sure: float | None = None

    async def __call__(self, request: Request, /) -> Reading:
        if self.fails:
            raise Failed("no dictionary")
        numbers = {} if self.sure is None else {"sure": self.sure}
        return Reading(self.label, self.score, self.because, numbers)


@dataclass(frozen=True)
class Judge:
    """A signal that asks a model; to ask it here is a mistake."""

    model: Model

    async def __call__(self, request: Request, /) -> Reading:
        raise AssertionError("explain paid for a judge")


@dataclass(frozen=True)
class Check:
    with_: Model

    async def __call__(self, request: Request, answer: Any, /) -> Reading:
        raise AssertionError("explain paid for a check")


async def plan(model: Model) -> Step:
    return await explain(model, Request.of("hello"), "auto")


async def walked(model: Model) -> dict[str, str]:
    return {step.edge: step.walked for step in (await plan(model)).children}


async def test_a_leaf_is_asked() -> None:
    assert await plan(A) == Step("auto", "echo", "yes", "asked", {"prefix": "a"})


async def test_a_router_takes_the_way_that_its_signal_names_and_says_why() -> None:
    step = await plan(Router(Says("x", "it smells of x"), {"x": A, "y": B}, C))
    told = {child.edge: (child.walked, child.because) for child in step.children}
    assert told == {
        "routes.x": ("yes", "it smells of x"),
        "routes.y": ("no", ""),
        "else": ("no", ""),
    }


async def test_a_label_without_a_route_goes_to_else() -> None:
    assert await walked(Router(Says("z"), {"x": A}, C)) == {"routes.x": "no", "else": "yes"}


async def test_a_signal_that_fails_goes_to_else_as_it_would() -> None:
    [_, otherwise] = (await plan(Router(Says(fails=True), {"x": A}, C))).children
    assert (otherwise.walked, otherwise.because) == ("yes", "the signal failed: no dictionary")


async def test_where_no_way_leads_on_the_reason_is_told_all_the_same() -> None:
    [only] = (await plan(Router(Says("z", "it smells of z"), {"x": A}))).children
    assert (only.walked, only.because) == ("no", "there is no route for 'z': it smells of z")


async def test_the_numbers_of_the_decision_are_told_with_it() -> None:
    [taken, left] = (await plan(Router(Says("x", score=0.5, sure=0.9), {"x": A}, C))).children
    assert taken.numbers == {"sure": 0.9, "score": 0.5}
    assert left.numbers == {}


async def test_rules_before_a_judge_decide_without_it() -> None:
    by = First([Says("x", "it smells of x"), Judge(A)])
    assert await walked(Router(by, {"x": B}, C)) == {
        "by.signals.2.model": "no",
        "routes.x": "yes",
        "else": "no",
    }


async def test_a_judge_stays_open_after_rules_that_abstain_or_fail() -> None:
    by = First([Says(), Says(fails=True), Judge(A), Judge(B)])
    assert await walked(Router(by, {"x": B}, C)) == {
        "by.signals.3.model": "yes",
        "by.signals.4.model": "perhaps",
        "routes.x": "perhaps",
        "else": "perhaps",
    }


async def test_where_all_signals_abstain_the_last_one_says_why() -> None:
    by = First([Says(because="no rule"), Says(because="out of distribution")])
    [_, otherwise] = (await plan(Router(by, {"x": A}, C))).children
    assert (otherwise.walked, otherwise.because) == ("yes", "out of distribution")


async def test_the_last_signals_failure_is_told_as_it_would_be() -> None:
    [_, otherwise] = (await plan(Router(First([Says(), Says(fails=True)]), {"x": A}, C))).children
    assert otherwise.because == "the signal failed: no dictionary"


async def test_a_judge_is_not_asked_and_its_routes_stay_open() -> None:
    assert await walked(Router(Judge(A), {"x": B}, C)) == {
        "by.model": "yes",
        "routes.x": "perhaps",
        "else": "perhaps",
    }


async def test_what_is_not_walked_is_not_drawn_further() -> None:
    step = await plan(Router(Says("x"), {"x": A, "y": Fallback([B, C])}))
    assert step.children[1].children == ()


async def test_below_what_is_perhaps_asked_nothing_is_certain() -> None:
    step = await plan(Fallback({"first": A, "second": Limited(B)}))
    [_, second] = step.children
    assert [child.walked for child in second.children] == ["perhaps"]


async def test_a_fallback_begins_with_its_first() -> None:
    assert await walked(Fallback(ABC)) == {
        "models.a": "yes",
        "models.b": "perhaps",
        "models.c": "perhaps",
    }


async def test_a_hedge_may_ask_the_next_for_slowness_too() -> None:
    [_, second] = (await plan(Hedge([A, B], after=1.0))).children
    assert second.because == "if the one before fails or is slow"


async def test_a_cascade_asks_a_draft_and_its_check() -> None:
    assert await walked(Cascade([A, B], C, accept=Check(A))) == {
        "drafts.1": "yes",
        "drafts.2": "perhaps",
        "final": "perhaps",
        "accept.with": "yes",
    }


async def merged(merge: Merge, **settings: Any) -> str:
    """Who is asked, by first letter: capital for certainly."""
    edges = await walked(Ensemble(ABC, merge, **settings))
    return " ".join(
        edge.rpartition(".")[2] if sure == "perhaps" else edge.rpartition(".")[2].upper()
        for edge, sure in edges.items()
    )


async def test_a_vote_hears_all_but_may_stop_at_the_first_that_agree() -> None:
    label = extractor("label")
    assert await merged(Vote(label)) == "A B C"
    assert await merged(Vote(label, first_to=2)) == "A B c"
    assert await merged(Vote(label), at_once=1) == "A B c"


async def test_a_vote_asks_another_only_without_typed_answers() -> None:
    assert await merged(Vote(extractor("label"), else_=Scripted("no"))) == "A B C else"


async def test_weighted_asks_the_most_trusted_and_perhaps_the_next() -> None:
    assert await merged(Weighted()) == "A b c"
    assert await merged(Weighted(), weights={"c": 0.9}) == "a b C"


async def test_others_hear_everybody_and_a_judge_only_if_answers_differ() -> None:
    assert await merged(Concat()) == "A B C"
    assert await merged(Fuse(judge=A), at_once=1) == "A B C judge"


async def test_wrappers_are_walked_through() -> None:
    step = await plan(Limited(Cached(Fallback([A]))))
    kinds = []
    while step.children:
        [step] = step.children
        kinds.append(step.kind)
    assert kinds == ["cached", "fallback", "echo"]


async def test_only_what_somebody_chose_is_told_and_never_a_secret() -> None:
    from homeward.backends.openai import OpenAI

    step = await plan(OpenAI("gpt", api_key="sk-secret"))
    assert step.about == {"model": "gpt"}


async def test_weighted_asks_first_whom_the_ensemble_does_by_its_weights() -> None:
    panel = Ensemble({"rarely": Echo(), "unmeasured": Echo()}, Weighted(), weights={"rarely": 0.3})
    walked = {child.edge: child.walked for child in (await plan(panel)).children}
    assert walked == {"models.rarely": "perhaps", "models.unmeasured": "yes"}


async def test_either_arm_of_an_experiment_may_answer() -> None:
    step = await explain(Experiment(A, B), Request.of("hi"), "auto")
    assert [(child.edge, child.walked) for child in step.children] == [
        ("control", "perhaps"),
        ("treatment", "perhaps"),
    ]
