import json
import os
from pathlib import Path

import pytest

from homeward.backends.recorded import Recorded
from homeward.errors import ConfigError, ModelMissing, Rejected
from homeward.model import Clearance, Finish, Message, Request, Usage
from tests.contract import check_bill_arrives, check_ends_with_finish, heard, said
from tests.learn.tables import SUM, table

ASKED = Request.of("What is 17 + 25?")


async def bill(model: Recorded, request: Request = ASKED) -> Usage:
    [usage] = [event for event in await heard(model, request) if isinstance(event, Usage)]
    return usage


async def test_plays_the_recorded_text(tmp_path: Path) -> None:
    assert await said(Recorded(table(tmp_path), "large"), ASKED) == "It is 42."


async def test_plays_the_typed_answer_where_there_is_no_text(tmp_path: Path) -> None:
    question = Request.of("Capital of France?")
    assert await said(Recorded(str(table(tmp_path)), "small"), question) == "Paris"


async def test_says_nothing_where_only_a_score_was_recorded(tmp_path: Path) -> None:
    assert await said(Recorded(table(tmp_path), "scored"), ASKED) == ""


async def test_keeps_the_contract(tmp_path: Path) -> None:
    model = Recorded(table(tmp_path), "large")
    await check_ends_with_finish(model, ASKED)
    await check_bill_arrives(model, ASKED)


async def test_speaks_in_the_voice_of_its_model(tmp_path: Path) -> None:
    events = await heard(Recorded(table(tmp_path), "large"), ASKED)
    assert events[-1] == Finish(model="large")
    assert {event.model for event in events if isinstance(event, Usage)} == {"large"}


async def test_the_last_user_message_is_looked_up(tmp_path: Path) -> None:
    talk = (Message("system", "Be brief."), *ASKED.messages, Message("assistant", "Let me see"))
    assert await said(Recorded(table(tmp_path), "large"), Request(talk)) == "It is 42."


async def test_cost_is_the_recorded_one(tmp_path: Path) -> None:
    assert (await bill(Recorded(table(tmp_path), "large"))).cost_usd == 0.25


async def test_cost_is_else_the_list_price_of_the_tokens(tmp_path: Path) -> None:
    usage = await bill(Recorded(table(tmp_path), "small"))
    assert usage.output_tokens == 100  # of 400 recorded characters
    assert usage.cost_usd == pytest.approx(2e-6 * (usage.input_tokens + 100))


async def test_nothing_leaves_the_machine(tmp_path: Path) -> None:
    assert (await bill(Recorded(table(tmp_path), "large"))).where is Clearance.MACHINE


async def test_an_unknown_model_is_missing_and_near_names_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"no model 'larg'.* large"):
        await said(Recorded(table(tmp_path), "larg"), ASKED)


async def test_a_model_without_an_answer_to_this_prompt_is_rejected(tmp_path: Path) -> None:
    model = Recorded(table(tmp_path), "scored")
    with pytest.raises(Rejected, match="no answer of scored to row 'capital'"):
        await said(model, Request.of("Capital of France?"))


async def test_an_unknown_prompt_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="'Who are you\\?' is not in"):
        await said(Recorded(table(tmp_path), "large"), Request.of("Who are you?"))


async def test_a_missing_table_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no outcome table"):
        await said(Recorded(tmp_path / "none.jsonl", "large"), ASKED)


async def test_a_rewritten_table_is_read_anew(tmp_path: Path) -> None:
    model = Recorded(table(tmp_path), "large")
    assert await said(model, ASKED) == "It is 42."
    changed = json.loads(json.dumps(SUM).replace("It is 42.", "Forty-two."))
    os.utime(table(tmp_path, [changed]), ns=(1, 1))
    assert await said(model, ASKED) == "Forty-two."


async def test_the_trace_tells_rows_of_one_prompt_apart(tmp_path: Path) -> None:
    twice = [
        {"id": str(n), "prompt": "p", "answers": {"m": {"score": n, "text": f"answer {n}"}}}
        for n in (0, 1)
    ]
    model = Recorded(table(tmp_path, twice), "m")
    assert await said(model, Request.of("p", trace="1")) == "answer 1"
    assert await said(model, Request.of("p")) == "answer 0"
