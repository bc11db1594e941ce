"""``homeward models``: what fits, what is loaded, and what a running gateway adds."""

from pathlib import Path

import msgspec
import pytest

from homeward.cli.machine.local_models import Held, Known
from homeward.cli.models import told
from homeward.cli.running_gateway import Line
from tests.backends.servers import answers
from tests.cli.background import served
from tests.cli.program import Program
from tests.gateway.ollama_like import FOREVER
from tests.gateway.standing import key, standing

FILE = """
models:
  sums: {embedded: {model: box/arith}}
  gone: {embedded: {model: nobody/nothing}}
  away: {openai: {model: gpt-5.2, api_key: k}}
  auto: {fallback: [sums, away]}
serve: {port: 1}
"""
PANEL = "models: {sums: {embedded: {model: box/arith}}, words: {embedded: {model: box/words}}}"


@pytest.fixture
def rows(homeward: Program) -> dict[str, dict[str, object]]:
    Path("homeward.yaml").write_text(FILE)
    return {row["name"]: row for row in homeward("models", "--json").json["models"]}


def test_a_local_model_has_a_size_a_place_and_a_licence(rows: dict[str, dict[str, object]]) -> None:
    sums = rows["sums"]
    assert sums["fits"] in ("ram", "gpu", "split")
    assert (sums["context"], sums["licence"], sums["loaded"]) == (256, "Apache-2.0", None)
    assert 0 < int(str(sums["size_bytes"])) < int(str(sums["memory_bytes"]))


@pytest.mark.parametrize("name", ["gone", "away", "auto"])
def test_of_what_is_not_here_nothing_is_said(rows: dict[str, dict[str, object]], name: str) -> None:
    assert (rows[name]["fits"], rows[name]["size_bytes"]) == (None, None)


def test_the_keys_that_there_were_are_there(rows: dict[str, dict[str, object]]) -> None:
    assert (
        rows["auto"] | {"kind": "fallback", "default": True, "about": "sums, away"}
        == (rows["auto"])
    )


def test_the_table_leaves_out_columns_without_a_word(homeward: Program) -> None:
    Path("homeward.yaml").write_text("models: {a: {echo: {}}}")
    assert homeward("models").out.splitlines()[0].split() == ["NAME", "KIND", "ABOUT"]


LONG = "a-model-whose-name-is-so-long-that-somebody-would-like-to-cut-it"


@pytest.mark.parametrize("columns", ["20", "50", "80", None])
def test_names_are_whole_however_narrow_it_is(
    homeward: Program, monkeypatch: pytest.MonkeyPatch, columns: str | None
) -> None:
    Path("homeward.yaml").write_text(
        f"models: {{{LONG}: {{embedded: {{model: box/arith}}}}, auto: {{fallback: [{LONG}]}}}}"
    )
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    told = homeward("models").out.splitlines()
    assert told[0].startswith("NAME")
    assert [line.split()[0] for line in told[1:3]] == [LONG, "auto"]


def test_what_there_is_no_room_for_is_named(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("homeward.yaml").write_text(FILE)
    monkeypatch.setenv("COLUMNS", "50")
    told = homeward("models").out
    assert told.splitlines()[0].split()[:2] == ["NAME", "KIND"]
    assert max(map(len, told.splitlines()[:5])) <= 50
    assert "no room for ABOUT, LICENCE" in told


def test_in_a_pipe_nothing_is_folded(homeward: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    names = [f"model-{number}" for number in range(40)]
    models = "".join(f"  {name}: {{echo: {{}}}}\n" for name in names)
    Path("homeward.yaml").write_text(f"models:\n{models}  all: {{fallback: [{', '.join(names)}]}}")
    told = homeward("models").out.splitlines()
    assert ", ".join(names) in told[-2]


HELD = {"name": "a:1", "size": 4 << 30, "expires_at": FOREVER, "context_length": 8192}


@pytest.mark.parametrize(("on_gpu", "where"), [(4 << 30, "gpu"), (1 << 30, "split"), (0, "ram")])
def test_of_a_model_that_ollama_holds_it_tells_where(
    homeward: Program, on_gpu: int, where: str
) -> None:
    ps = answers({"models": [HELD | {"size_vram": on_gpu}]})
    with served({("GET", "/api/ps"): ps}) as url:
        models = f'{{a: {{ollama: {{model: "qwen3:4b", base_url: "{url}"}}}}}}'
        Path("homeward.yaml").write_text(f"models: {models}".replace("qwen3:4b", "a:1"))
        [row] = homeward("models", "--json").json["models"]
    assert (row["loaded"], row["context"]) == (True, 8192)
    assert Held(size=4 << 30, size_vram=on_gpu).where == where


def test_an_ollama_model_is_known_from_the_catalogue_where_ollama_does_not_run(
    homeward: Program,
) -> None:
    node = '{ollama: {model: "qwen3:4b", base_url: "http://127.0.0.1:1", num_ctx: 4096}}'
    Path("homeward.yaml").write_text(f"models: {{a: {node}}}")
    [row] = homeward("models", "--json").json["models"]
    assert (row["context"], row["licence"], row["loaded"]) == (4096, "Apache-2.0", None)
    assert row["size_bytes"] > 1 << 30


def test_the_context_is_what_ollamas_environment_says(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_CONTEXT_LENGTH", "6144")
    node = '{ollama: {model: "qwen3:4b", base_url: "http://127.0.0.1:1"}}'
    Path("homeward.yaml").write_text(f"models: {{a: {node}}}")
    [row] = homeward("models", "--json").json["models"]
    assert row["context"] == 6144


def test_a_gateway_tells_what_is_loaded_and_what_a_swap_costs(homeward: Program) -> None:
    Path("homeward.yaml").write_text(PANEL)
    with standing(PANEL) as gateway:
        body = {"model": "sums", "messages": [{"role": "user", "content": "2+2"}]}
        assert gateway.ask("POST", "/v1/chat/completions", body).status == 200
        shown = homeward("models", "--json", "--url", gateway.url).json
        table = homeward("models", "--url", gateway.url).out
    sums, words = shown["models"]
    assert (sums["loaded"], words["loaded"]) == (True, False)
    assert sums["swap_seconds"] > 0
    assert (sums["running"], sums["waiting"]) == (0, 0)
    assert shown["gateway"]["url"] == gateway.url
    assert [line["seen"] for line in shown["gateway"]["models"]] == [True, False]
    assert "LOADED" in table


def test_a_gateway_wants_its_key(homeward: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("homeward.yaml").write_text(PANEL)
    one, secret = key("one")
    with standing(PANEL, (one, secret)) as gateway:
        refused = homeward("models", "--url", gateway.url)
        monkeypatch.setenv("HOMEWARD_API_KEY", secret)
        let_in = homeward("models", "--url", gateway.url)
    assert (refused.code, let_in.code) == (3, 0)
    assert "HOMEWARD_API_KEY" in refused.err


def test_what_is_no_gateway_is_said_to_be_none(homeward: Program) -> None:
    Path("homeward.yaml").write_text(PANEL)
    with served({("GET", "/homeward/queue"): answers({"data": []})}) as url:
        refused = homeward("models", "--url", url)
    assert (refused.code, "is no Homeward gateway" in refused.err) == (3, True)


def test_where_nothing_answers_a_named_gateway_is_missed(homeward: Program) -> None:
    Path("homeward.yaml").write_text(PANEL)
    refused = homeward("models", "--url", "http://127.0.0.1:1")
    assert (refused.code, "no gateway answers" in refused.err) == (3, True)


def test_a_loaded_model_does_not_lack_the_memory_that_it_has_itself() -> None:
    known = Known(model="m", fits="no", alone="ram")
    assert told(known, [Line("m", loaded=True)])["fits"] == "ram"
    assert told(known, [Line("m", loaded=False)])["fits"] == "no"


def test_its_rows_are_those_of_the_queue() -> None:
    fields = {field.name for field in msgspec.structs.fields(Line)}
    from homeward.gateway.traffic.traffic import Row

    assert fields <= {field.name for field in msgspec.structs.fields(Row)}
