"""A GGUF file answers from a child process: what it says, what is refused, who shares a child."""

import asyncio
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import xllamacpp

from homeward.backends import llama_child
from homeward.backends.child import PROGRAM, Plan
from homeward.backends.embedded import Embedded
from homeward.backends.http import Http
from homeward.backends.llamas import Llamas
from homeward.errors import BadModelFile, Failed, ModelMissing, TimedOut, TooLong
from homeward.model import (
    Clearance,
    Finish,
    Request,
    ResponseFormat,
    Sampling,
    Text,
    collect,
)
from tests.backends import tiny_gguf
from tests.backends.processes import gone, runs
from tests.contract import PATIENCE, check_bill_arrives, check_ends_with_finish

SHORT = Sampling(temperature=0, max_tokens=8)
HELLO = Request.of("hello", sampling=SHORT)
WHOLE = tiny_gguf.build()
ENDLESS = Request.of("hello", sampling=Sampling(temperature=0))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.write(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture
async def llamas() -> AsyncIterator[Llamas]:
    async with Llamas() as owner:
        yield owner


async def pid(llamas: Llamas, plan: Plan, deadline: float | None = None) -> int:
    async with llamas.borrow(plan, deadline) as child:
        return child.pid


# ---------------------------------------------------------------- what it says


async def test_a_model_of_the_box_answers(llamas: Llamas) -> None:
    answer = await collect(
        Embedded("box/arith", llamas=llamas).chat(Request.of("What is 17 + 25?"))
    )
    assert answer.text.endswith("17 + 25 = 42")
    assert answer.finish == Finish("stop", "box/arith")


async def test_a_model_of_the_box_is_not_left_to_go_astray(llamas: Llamas) -> None:
    model = Embedded("box/general", llamas=llamas)
    asked = Request.of("Tell me all that you know about sailing, at length.")
    first, second = [await collect(model.chat(asked)) for _ in range(2)]
    assert first.text == second.text  # temperature 0
    assert first.usage[0].output_tokens <= 120


async def test_a_file_is_a_model_and_lends_it_its_name(tiny: Path) -> None:
    answer = await collect(Embedded(str(tiny), threads=1).chat(HELLO))
    assert answer.text
    assert answer.finish == Finish("length", "tiny")


async def test_an_embedded_model_keeps_the_promises_of_every_model(
    tiny: Path, llamas: Llamas
) -> None:
    model = Embedded(str(tiny), threads=1, llamas=llamas)
    await check_ends_with_finish(model, HELLO)
    await check_bill_arrives(model, HELLO)


async def test_the_bill_says_tokens_and_what_loading_took(tiny: Path, llamas: Llamas) -> None:
    model = Embedded(str(tiny), threads=1, llamas=llamas)
    (cold,) = (await collect(model.chat(HELLO))).usage
    (warm,) = (await collect(model.chat(HELLO))).usage
    assert (cold.output_tokens, cold.where) == (8, Clearance.MACHINE)
    assert cold.input_tokens > 5
    assert cold.seconds > cold.load_seconds > warm.load_seconds


async def test_logprobs_come_through(llamas: Llamas) -> None:
    asked = Request.of("What is 17 + 25?", sampling=Sampling(logprobs=2))
    answer = await collect(Embedded("box/arith", llamas=llamas).chat(asked))
    assert "".join(logprob.token for logprob in answer.logprobs).startswith(answer.text)
    assert {len(logprob.top) for logprob in answer.logprobs} == {2}


async def test_even_gibberish_keeps_to_a_schema(tiny: Path) -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    asked = Request.of("hello", response_format=ResponseFormat(schema))
    answer = await collect(
        Embedded(str(tiny), threads=1).chat(asked.sampled(max_tokens=200, temperature=0))
    )
    assert isinstance(json.loads(answer.text)["ok"], bool)


async def test_a_draft_changes_no_word(llamas: Llamas) -> None:
    asked = Request.of("What is 345 + 678?")
    alone = await collect(Embedded("box/general", llamas=llamas).chat(asked))
    drafted = Embedded("box/general", draft="box/draft", llamas=llamas)
    assert (await collect(drafted.chat(asked))).text == alone.text


async def test_a_hang_up_frees_the_place_for_the_next(tiny: Path, llamas: Llamas) -> None:
    model = Embedded(str(tiny), threads=1, context=200_000, parallel=1, llamas=llamas)
    async with aclosing(model.chat(ENDLESS)) as events:  # it would talk for minutes
        async for event in events:
            if isinstance(event, Text):
                break
    soon = HELLO.with_(deadline=time.monotonic() + PATIENCE)
    assert (await collect(model.chat(soon))).text


def test_a_leaf_without_an_owner_serves_one_event_loop_after_another(tiny: Path) -> None:
    model = Embedded(str(tiny), threads=1)
    first, second = [asyncio.run(collect(model.chat(HELLO))) for _ in range(2)]
    assert first.text == second.text


# ---------------------------------------------------------------- what is refused


async def test_a_prompt_that_does_not_fit_is_too_long_and_not_cut(
    tiny: Path, llamas: Llamas
) -> None:
    with pytest.raises(TooLong, match="1024 tokens"):
        await collect(
            Embedded(str(tiny), threads=1, context=1024, llamas=llamas).chat(
                Request.of("no " * 900)
            )
        )


async def test_every_slot_has_the_whole_context(tiny: Path, llamas: Llamas) -> None:
    model = Embedded(str(tiny), threads=1, context=1024, parallel=4, llamas=llamas)
    asked = Request.of("no " * 250, sampling=SHORT)  # a token for each letter
    answers = await asyncio.gather(*(collect(model.chat(asked)) for _ in range(4)))
    assert all(answer.text for answer in answers)


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        ("box/nobody", ModelMissing, "it has arith, code, facts"),
        ("org/repo", ModelMissing, "run `homeward pull org/repo`"),
        ("llama3", ModelMissing, "say ORG/REPO"),
        ("/nowhere/at/all.gguf", BadModelFile, "no such file or directory"),
    ],
)
async def test_a_model_that_is_not_there_is_one_sentence(
    model: str,
    error: type[Exception],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    with pytest.raises(error, match=words):
        await collect(Embedded(model).chat(HELLO))


async def test_a_truncated_file_is_told_before_a_process_starts(tmp_path: Path) -> None:
    short = tmp_path / "short.gguf"
    short.write_bytes(WHOLE[:-1000])
    with pytest.raises(BadModelFile, match="is truncated"):
        await collect(Embedded(str(short), threads=1).chat(HELLO))


async def test_what_llama_cpp_says_of_a_file_that_it_refuses_is_told(tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(WHOLE.replace(b"llama.embedding_length", b"llama.embedding_lenght"))
    with pytest.raises(BadModelFile, match="key not found in model"):
        await collect(Embedded(str(other), threads=1).chat(HELLO))


# ---------------------------------------------------------------- who shares a child


async def test_a_child_starts_once_however_many_ask(tiny: Path, llamas: Llamas) -> None:
    pids = await asyncio.gather(*(pid(llamas, Plan(tiny, threads=1)) for _ in range(8)))
    assert len(set(pids)) == 1


async def test_other_settings_are_another_child(tiny: Path, llamas: Llamas) -> None:
    assert await pid(llamas, Plan(tiny, threads=1)) != await pid(
        llamas, Plan(tiny, threads=1, context=512)
    )


async def test_who_started_it_may_leave_without_harm_to_those_who_wait(
    tiny: Path, llamas: Llamas
) -> None:
    first = asyncio.create_task(pid(llamas, Plan(tiny, threads=1)))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(pid(llamas, Plan(tiny, threads=1)))
    await asyncio.sleep(0)
    first.cancel()
    assert runs(await second)


async def test_the_least_recently_used_makes_room(tiny: Path) -> None:
    a, b, c = (Plan(tiny, threads=1, context=context) for context in (256, 512, 1024))
    async with Llamas(keep=2) as llamas:
        pids = {plan: await pid(llamas, plan) for plan in (a, b)}
        await pid(llamas, a)
        await pid(llamas, c)
        assert await gone(pids[b])
        assert await pid(llamas, a) == pids[a]


async def test_one_at_work_is_not_stopped_to_make_room(tiny: Path) -> None:
    async with Llamas(keep=1) as llamas:
        async with llamas.borrow(Plan(tiny, threads=1)) as child:
            late = asyncio.create_task(pid(llamas, Plan(tiny, threads=1, context=512)))
            with pytest.raises(TimedOut, match="not loaded in the time allowed"):
                await pid(llamas, Plan(tiny, threads=1, context=256), time.monotonic() + 0.05)
            assert runs(child.pid)
            assert not late.done()
        assert await late != child.pid


async def test_who_waits_for_room_when_all_is_closed_starts_nothing(tiny: Path) -> None:
    async with Llamas(keep=1) as llamas:
        loading = asyncio.create_task(pid(llamas, Plan(tiny, threads=1, context=512)))
        late = asyncio.create_task(pid(llamas, Plan(tiny, threads=1, context=256)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    for waiting in (loading, late):
        with pytest.raises(Failed, match="the pool was closed"):
            await waiting
    assert not llamas._seats


async def test_a_start_that_failed_is_tried_again(tmp_path: Path) -> None:
    later = tmp_path / "later.gguf"
    async with Llamas() as llamas:
        with pytest.raises(BadModelFile):
            await pid(llamas, Plan(later, threads=1))
        later.write_bytes(WHOLE)
        assert runs(await pid(llamas, Plan(later, threads=1)))


async def test_closing_leaves_neither_process_nor_socket(tiny: Path) -> None:
    async with Llamas() as llamas, llamas.borrow(Plan(tiny, threads=1)) as child:
        folder = Path(child.address.removeprefix("unix://")).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert await gone(child.pid)
    assert not folder.exists()


async def test_strangers_without_the_key_are_sent_away(tiny: Path, llamas: Llamas) -> None:
    async with llamas.borrow(Plan(tiny, threads=1)) as child, Http() as http:
        sent = http.send(
            "POST", child.address, "/v1/chat/completions", body=b"{}", clearance=Clearance.MACHINE
        )
        async with sent as response:
            assert response.status == 401


# ---------------------------------------------------------------- the program of the child


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_child_inherits_no_secret(
    tiny: Path, llamas: Llamas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("HF_TOKEN", "hf-very-secret")
    async with llamas.borrow(Plan(tiny, threads=1)) as child:
        environment = subprocess.check_output(["cat", f"/proc/{child.pid}/environ"])  # noqa: ASYNC221
    assert b"PATH=" in environment
    assert b"secret" not in environment


async def test_an_engine_that_is_not_installed_is_one_sentence(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('no wheel for this machine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Failed, match="no wheel for this machine"):
        await collect(Embedded(str(tiny), threads=1).chat(HELLO))


def test_llama_cpp_still_knows_every_parameter_that_is_set() -> None:
    """A new build may rename them, and setting an attribute that is not there would raise."""
    settings = {
        "model": "a.gguf",
        "context": 256,
        "parallel": 4,
        "threads": 2,
        "draft": "b.gguf",
        "draft_tokens": 3,
        "pooling": None,
        "folder": None,
        "socket": None,
        "api_key": "key",
    }
    params = llama_child.parameters(xllamacpp, settings)
    assert (params.model.path, params.n_ctx, params.n_parallel) == ("a.gguf", 1024, 4)
    assert (params.cpuparams.n_threads, params.cpuparams_batch.n_threads) == (2, 2)
    assert params.speculative.draft.mparams.path == "b.gguf"
    assert params.speculative.draft.n_max == 3
    assert (params.hostnames, params.port, params.api_keys) == (["127.0.0.1"], 0, ["key"])
    assert (params.ui, params.endpoint_slots, params.cors_origins) == (False, False, "")
    assert (params.warmup, params.cache_ram_mib, params.verbosity) == (False, 0, 1)
    assert (params.embedding, params.n_batch) == (False, llama_child.BATCH)
    params = llama_child.parameters(xllamacpp, {**settings, "pooling": "last"})
    assert (params.embedding, params.n_batch, params.n_ubatch) == (True, 256, 256)
    assert params.pooling_type == xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_LAST


async def test_where_there_are_no_unix_sockets_it_listens_on_loopback(
    tiny: Path, llamas: Llamas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeward.backends.child.LONGEST_SOCKET", 0)
    async with llamas.borrow(Plan(tiny, threads=1)) as child:
        assert child.address.startswith("http://127.0.0.1:")
    assert (await collect(Embedded(str(tiny), threads=1, llamas=llamas).chat(HELLO))).text


@pytest.mark.skipif(sys.platform != "linux", reason="the signal is Linux's")
def test_a_child_ends_with_its_parent_even_while_it_loads() -> None:
    """A sum in C keeps the interpreter's lock as loading does: no thread of ours can run."""
    busy = "import llama_child; llama_child.end_with_stdin(); print('ready'); sum(range(10**13))"
    child = subprocess.Popen(
        [sys.executable, "-u", "-c", busy],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROGRAM.parent)},
    )
    with child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == b"ready\n"
        child.stdin.close()
        assert child.wait(timeout=PATIENCE) != 0
