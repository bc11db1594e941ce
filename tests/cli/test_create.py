"""`homeward create`: what is kept for the engine, and the bytes that an Ollama server is sent."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from homeward.backends.variants import Variant, find
from homeward.config import parse
from tests.backends import tiny_gguf, tiny_lora
from tests.backends.servers import Asked, Reply, Routes, Server, answers, lines
from tests.cli.program import Program
from tests.cli.standing import standing

MADE = lines({"status": "creating new layer"}, {"status": "success"})
SUMS = "FROM box/arith\nSYSTEM You add.\nPARAMETER temperature 0\nPARAMETER num_predict 40\n"


@pytest.fixture(autouse=True)
def nothing_near(homeward: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")


def write(folder: Path, text: str) -> Path:
    file = folder / "Modelfile"
    file.write_text(text)
    return file


# ---------------------------------------------------------------- for the engine


def test_a_variant_answers_by_its_name(homeward: Program, tmp_path: Path) -> None:
    write(tmp_path, SUMS)
    assert homeward("create", "sums").code == 0
    told = homeward("ask", "-r", "sums", "--json", "What is 17 + 25?").json
    assert told["answer"].endswith("17 + 25 = 42")
    assert told["model"] == "sums"


def test_it_is_listed_and_is_no_part_of_auto(homeward: Program, tmp_path: Path) -> None:
    write(tmp_path, SUMS)
    homeward("create", "sums")
    rows = {row["name"]: row for row in homeward("models", "--json").json["models"]}
    assert rows["sums"]["kind"] == "embedded"
    assert "sums" not in rows["auto"]["about"]


def test_what_is_kept_is_what_the_file_says(homeward: Program, tmp_path: Path) -> None:
    tiny_gguf.write(tmp_path / "tiny.gguf")
    tiny_lora.write(tmp_path / "lora.gguf")
    write(
        tmp_path,
        'FROM ./tiny.gguf\nADAPTER lora.gguf\nTEMPLATE """{{ messages[-1].content }}"""\n'
        "PARAMETER stop a\nPARAMETER stop b\nPARAMETER num_ctx 512\nPARAMETER num_predict -1\n"
        "PARAMETER repeat_penalty 1.1\nMESSAGE user hi\nMESSAGE assistant ho\nLICENSE MIT\n",
    )
    homeward("create", "t", "--embedded")
    assert find("t") == Variant(
        model=str(tmp_path / "tiny.gguf"),
        options={"stop": ["a", "b"], "repeat_penalty": 1.1},
        context=512,
        template="{{ messages[-1].content }}",
        adapter=str(tmp_path / "lora.gguf"),
        messages=({"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}),
        licences=("MIT",),
    )


def test_a_variant_of_a_variant_keeps_what_it_does_not_say(
    homeward: Program, tmp_path: Path
) -> None:
    write(tmp_path, SUMS)
    homeward("create", "sums")
    write(tmp_path, "FROM sums\nSYSTEM You add slowly.\n")
    homeward("create", "slow", "--embedded")
    assert find("slow") == Variant(
        model="box/arith",
        system="You add slowly.",
        options={"temperature": 0.0, "max_tokens": 40},
    )


def test_a_shown_one_is_a_configuration(homeward: Program, tmp_path: Path) -> None:
    write(tmp_path, SUMS)
    homeward("create", "sums")
    config = parse(homeward("create", "--show", "sums").out)
    assert [*config.outline()] == [("sums", "embedded", "box/arith")]


def test_the_list_names_each(homeward: Program, tmp_path: Path) -> None:
    write(tmp_path, SUMS)
    homeward("create", "sums")
    assert homeward("create", "--list").out == "sums  from box/arith  You add.\n"
    assert homeward("create", "--list", "--json").json["variants"][0]["name"] == "sums"


def test_a_removed_one_is_gone(homeward: Program, tmp_path: Path) -> None:
    write(tmp_path, SUMS)
    homeward("create", "sums")
    homeward("create", "--remove", "sums")
    assert homeward("create", "--list", "--json").json == {"variants": []}
    assert homeward("create", "--remove", "sums").code == 1


def test_the_modelfile_may_come_from_standard_input(homeward: Program) -> None:
    assert homeward("create", "sums", "-f", "-", stdin=SUMS).code == 0
    assert find("sums") is not None


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("FROM box/arithmetic", 1, "there is no 'arithmetic' in the box"),
        ("FROM ./none.gguf", 1, "there is no file"),
        ("FROM org/none", 1, "homeward pull org/none"),
        ("FROM qwen3:4b", 1, "homeward pull Qwen/Qwen3-4B-GGUF"),
        ("FROM ./Modelfile", 1, "no GGUF file"),
        ("FROM box/arith\nADAPTER none.gguf", 2, "cannot be read"),
        ("FROM box/arith\nADAPTER Modelfile", 2, "no GGUF file"),
        ("FROM box/arith\n\nPARAMETER num_gpu 1", 3, "has no num_gpu"),
        ("FROM box/arith\nPARAMETER num_ctx 0", 2, "say 1 or more"),
        ("FROM box/arith\nRENDERER x", 2, "only Ollama reads RENDERER"),
        ('FROM box/arith\nTEMPLATE """{{ .System }}\n{{ .Prompt }}"""', 2, "Go's language"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    homeward: Program, tmp_path: Path, text: str, line: int, told: str
) -> None:
    write(tmp_path, text)
    run = homeward("create", "x", "--embedded")
    assert run.code == 3
    assert f"Modelfile:{line}: " in run.err
    assert told in run.err


@pytest.mark.parametrize("words", [(), ("a", "--list"), ("a", "--embedded", "--ollama", "x")])
def test_what_makes_no_sense_together_is_told(
    homeward: Program, tmp_path: Path, words: tuple[str, ...]
) -> None:
    write(tmp_path, SUMS)
    assert homeward("create", *words).code == 3


def test_without_a_modelfile_it_is_asked_for(homeward: Program) -> None:
    run = homeward("create", "x")
    assert (run.code, "name a Modelfile with -f" in run.err) == (3, True)


def test_with_a_file_the_line_to_add_is_told(homeward: Program, tmp_path: Path) -> None:
    file, text = tmp_path / "homeward.yaml", "models:\n  a: {embedded: {model: box/draft}}\n"
    file.write_text(text)
    write(tmp_path, SUMS)
    out = homeward("create", "sums").out
    line = out.partition("the line\n")[2].partition("\nand ask it")[0]
    file.write_text(text.replace("models:\n", f"models:\n{line}\n"))
    told = homeward("ask", "--route", "sums", "--json", "What is 17 + 25?").json
    assert told["answer"].endswith("17 + 25 = 42")


@pytest.mark.parametrize("name", ["gemma3:4b", "./gemma-3-4b-it.gguf"])
def test_a_policy_holds_for_what_it_is_made_of(
    homeward: Program, tmp_path: Path, name: str
) -> None:
    (tmp_path / "homeward.yaml").write_text(
        "models: {a: {embedded: {model: box/arith}}}\npolicy: {licence: {commercial: ['yes']}}\n"
    )
    tiny_gguf.write(tmp_path / "gemma-3-4b-it.gguf")
    write(tmp_path, f"FROM {name}\n")
    with standing(ollama()) as server:
        run = homeward("create", "mine", "--ollama", server)
        assert [asked.path for asked in server.asked if asked.path == "/api/create"] == []
    assert run.code == 3
    assert "Gemma Terms" in run.err


# ---------------------------------------------------------------- in Ollama


def ollama(create: Reply = MADE, *, has: frozenset[str] = frozenset()) -> Routes:
    """``has`` are digests of files that it keeps already."""
    digests = [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in (TINY, LORA)]
    routes: dict[tuple[str, str], Any] = {
        ("GET", "/api/version"): answers({"version": "0.30.0"}),
        ("POST", "/api/create"): create,
    }
    for digest in digests:
        held = 200 if digest in has else 404
        routes["HEAD", f"/api/blobs/{digest}"] = Reply(b"", held, framing="length")
        routes["POST", f"/api/blobs/{digest}"] = _blob
    return routes


def _blob(asked: Asked) -> Reply:
    right = asked.path.endswith(hashlib.sha256(asked.body).hexdigest())
    return Reply(b"", 201 if right else 400, framing="length")


TINY = tiny_gguf.build()
LORA = b"GGUF" + b"a lora" * 1000


def created(server: Server) -> Any:
    return next(asked.json for asked in server.asked if asked.path == "/api/create")


def test_a_tag_is_made_in_ollama(homeward: Program, tmp_path: Path) -> None:
    write(
        tmp_path,
        'FROM qwen3:4b\nSYSTEM Be brief.\nPARAMETER temperature 0.5\nPARAMETER stop "a"\n'
        'TEMPLATE """{{ .System }}"""\nMESSAGE user hi\nLICENSE MIT\nREQUIRES 0.14.0\n',
    )
    with standing(ollama()) as server:
        told = homeward("create", "mario", "--ollama", server, "--json").json
    assert told == {"name": "mario", "ollama": str(server)}
    assert created(server) == {
        "model": "mario",
        "from": "qwen3:4b",
        "system": "Be brief.",
        "template": "{{ .System }}",
        "parameters": {"temperature": 0.5, "stop": ["a"]},
        "messages": [{"role": "user", "content": "hi"}],
        "license": ["MIT"],
        "requires": "0.14.0",
        "stream": True,
    }


def test_files_are_sent_by_their_digest(homeward: Program, tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(TINY)
    (tmp_path / "lora.gguf").write_bytes(LORA)
    write(tmp_path, "FROM ./tiny.gguf\nADAPTER ./lora.gguf\n")
    with standing(ollama()) as server:
        assert homeward("create", "t", "--ollama", server).code == 0
    sent = [
        asked.body for asked in server.asked if asked.method == "POST" and "blobs" in asked.path
    ]
    assert sent == [TINY, LORA]
    assert created(server)["files"] == {"tiny.gguf": f"sha256:{hashlib.sha256(TINY).hexdigest()}"}
    assert created(server)["adapters"] == {
        "lora.gguf": f"sha256:{hashlib.sha256(LORA).hexdigest()}"
    }


def test_a_file_that_it_has_is_not_sent_again(homeward: Program, tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(TINY)
    write(tmp_path, "FROM tiny.gguf\n")
    digest = f"sha256:{hashlib.sha256(TINY).hexdigest()}"
    with standing(ollama(has=frozenset({digest}))) as server:
        assert homeward("create", "t", "--ollama", server).code == 0
    assert [asked.method for asked in server.asked if "blobs" in asked.path] == ["HEAD"]


def test_a_file_goes_to_the_ollama_that_runs(
    homeward: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.gguf").write_bytes(TINY)
    write(tmp_path, "FROM tiny.gguf\n")
    with standing(ollama()) as server:
        monkeypatch.setenv("OLLAMA_HOST", str(server))
        assert homeward("create", "t", "--json").json == {"name": "t", "ollama": str(server)}


def test_what_it_refuses_is_told_in_its_words(homeward: Program, tmp_path: Path) -> None:
    write(tmp_path, "FROM qwen3:4b\n")
    with standing(ollama(lines({"error": "model 'qwen3:4b' not found"}))) as server:
        run = homeward("create", "t", "--ollama", server)
    assert run.code == 1
    assert "model 'qwen3:4b' not found" in run.err


def test_a_tag_without_an_ollama_is_told_the_other_way(homeward: Program, tmp_path: Path) -> None:
    write(tmp_path, "FROM llama3.1:8b\n")
    run = homeward("create", "t")
    assert run.code == 1
    assert "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF" in run.err
