from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from msgspec.structs import replace

from homeward.store.experiments import SHADOW_ID, ExperimentTables, Observation, Plan, Vote
from homeward.store.records import Entry, Feedback
from homeward.store.sqlite import Sqlite
from homeward.store.tables import Tables

PLAN = Plan(
    "trial", "auto", "next", 0.25, True, 0.05, "judge", "large", "salt", 1_700_000_000.5, None
)
VOTE = Vote("v1", "trial", "p1", "people", "bad", "treatment", 1_700_000_001.5)


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Tables]:
    if request.param == "sqlite":
        async with Sqlite(tmp_path / "homeward.db") as sqlite:
            yield sqlite
    else:
        from homeward.store.postgres import Postgres

        async with Postgres(request.getfixturevalue("postgres_url")) as postgres:
            yield postgres


@pytest.fixture
def experiments(store: Tables) -> ExperimentTables:
    return ExperimentTables(store)


async def test_a_plan_comes_back_as_it_was(experiments: ExperimentTables) -> None:
    await experiments.put_plan(PLAN)
    assert await experiments.plans() == [PLAN]


async def test_the_latest_comes_first(experiments: ExperimentTables) -> None:
    later = replace(PLAN, name="later", started=PLAN.started + 1)
    await experiments.put_plan(PLAN)
    await experiments.put_plan(later)
    assert [plan.name for plan in await experiments.plans()] == ["later", "trial"]


async def test_of_a_plan_only_its_end_can_change(experiments: ExperimentTables) -> None:
    await experiments.put_plan(PLAN)
    await experiments.put_plan(replace(PLAN, stopped=2e9, margin=0.5, share=0.5))
    assert await experiments.plans() == [replace(PLAN, stopped=2e9)]


async def test_a_vote_comes_back_as_it_was(experiments: ExperimentTables) -> None:
    await experiments.add_votes([VOTE])
    assert await experiments.votes("trial") == [VOTE]


async def test_a_vote_that_is_told_twice_is_kept_once(experiments: ExperimentTables) -> None:
    await experiments.add_votes([VOTE])
    await experiments.add_votes([VOTE, replace(VOTE, id="v2", at=VOTE.at + 1)])
    assert [vote.id for vote in await experiments.votes("trial")] == ["v1", "v2"]


async def test_votes_of_others_are_not_ours(experiments: ExperimentTables) -> None:
    await experiments.add_votes([VOTE])
    assert await experiments.votes("other") == []


def entry(id_: str, arm: str = "control", began: float = 1.0, experiment: str = "trial") -> Entry:
    return Entry(
        id_, began, cost_usd=None, seconds=2.0, experiment=experiment, arm=arm, conversation="c"
    )


async def test_what_was_observed_has_peoples_ratings(
    store: Tables, experiments: ExperimentTables
) -> None:
    await store.add([entry("e2", began=2.0), entry("e1")])
    await store.add_feedback(Feedback("e1", 0.5))
    assert await experiments.observations("trial") == [
        Observation("e1", 1.0, "control", "c", "finished", None, 2.0, 0.5),
        Observation("e2", 2.0, "control", "c", "finished", None, 2.0, None),
    ]


async def test_a_shadow_has_the_id_of_its_request(
    store: Tables, experiments: ExperimentTables
) -> None:
    await store.add([entry("e1"), entry(f"e1{SHADOW_ID}", "treatment", began=2.0)])
    found = [(each.id, each.arm) for each in await experiments.observations("trial")]
    assert found == [("e1", "control"), ("e1", "treatment")]


async def test_what_is_in_no_experiment_is_not_observed(
    store: Tables, experiments: ExperimentTables
) -> None:
    await store.add([entry("e1", experiment=""), entry("e2", experiment="other")])
    assert await experiments.observations("") == []
    assert await experiments.observations("trial") == []
