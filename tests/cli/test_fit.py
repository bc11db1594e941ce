import sys

import pytest

from homeward.cli.machine.fitting import tokens
from homeward.errors import ConfigError
from tests.cli.program import Program

CARD = ("--vram", "24GiB", "--ram", "64GiB", "--bandwidth", "1008")
"""Of the machine that is asked for, whatever this one has."""


@pytest.fixture(autouse=True)
def no_servers(homeward: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")


def test_a_model_is_told_as_json(homeward: Program) -> None:
    told = homeward("fit", "Llama-3.1-8B", "--context", 8192, *CARD, "--json").json
    assert told["model"] == "Llama-3.1-8B"
    assert told["quant"] == "Q4_K_M"
    assert told["fits"] == {"gpu": True, "ram": True, "split": True}
    assert told["kv_bytes"] == 1 << 30
    assert told["licence"]["spdx"].startswith("LicenseRef")


def test_the_total_is_the_sum_of_its_parts(homeward: Program) -> None:
    told = homeward("fit", "gemma3:27b", *CARD, "--json").json
    parts = ("weights", "kv", "compute", "projector", "overhead")
    assert told["total_bytes"] == sum(told[f"{part}_bytes"] for part in parts)


def test_the_usual_context_is_told_as_an_assumption(homeward: Program) -> None:
    told = homeward("fit", "qwen3:8b", *CARD, "--json").json
    assert told["context"] == 8192
    assert told["basis"]["context"]["how"] == "assumed"


def test_the_cache_type_is_heeded(homeward: Program) -> None:
    told = homeward("fit", "llama3.1:8b", "--context", "8k", "--kv", "q8_0", *CARD, "--json").json
    assert told["kv_bytes"] == (1 << 30) * 34 // 64


def test_the_same_question_has_the_same_answer(homeward: Program) -> None:
    asked = ("fit", *CARD, "--json")
    assert homeward(*asked).json["runs_well"] == homeward(*asked).json["runs_well"]


def test_without_a_model_the_groups_are_told(homeward: Program) -> None:
    told = homeward("fit", *CARD, "--json").json
    assert {"machine", "runs_well", "runs", "too_slow", "does_not_fit"} <= set(told)
    assert told["machine"]["gpus"][0]["total"] == 24 << 30


def test_a_task_and_a_licence_choose(homeward: Program) -> None:
    asked = ("fit", *CARD, "--task", "code", "--licence", "unconditional", "--json")
    assert {row["commercial"] for row in homeward(*asked).json["runs_well"]} == {"yes"}


def test_in_a_pipe_it_is_plain_text(homeward: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    run = homeward("fit", "gemma3:27b", *CARD)
    assert run.out.startswith("runs well on this machine: ~")
    assert "\x1b" not in run.out
    assert max(map(len, run.out.splitlines())) <= 60


def test_the_list_begins_with_the_machine(
    homeward: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    run = homeward("fit", *CARD)
    assert "24.0 of 24.0 GiB free, 1,008 GB/s" in run.out.replace("\n", " ")
    assert "\nruns well\n" in run.out
    assert max(map(len, run.out.splitlines())) <= 60


def test_shapes_can_be_given_in_a_file(homeward: Program) -> None:
    shapes = (
        '{"architecture": "llama", "layers": 2, "hidden": 64, "vocab": 100, "heads": 4, '
        '"kv_heads": 2, "head_dim": 16, "ffn": 128, "context": 4096}'
    )
    with open("mine.json", "w") as file:
        file.write(shapes)
    told = homeward("fit", "mine", "--arch", "mine.json", "--context", 1024, *CARD, "--json").json
    assert told["kv_bytes"] == 2 * 2 * 16 * 2 * 1024 * 2  # K and V, heads, head_dim, bytes, layers


def test_the_doctor_tells_every_probe(homeward: Program) -> None:
    told = homeward("fit", "--doctor", "--json").json
    assert {"memory", "cpu"} <= {probe["name"] for probe in told["probes"]}
    assert all("seconds" in probe for probe in told["probes"])


def test_the_doctor_says_how_fast_memory_is_taken_to_be(homeward: Program) -> None:
    out = homeward("fit", "--doctor", "--vram", "0", "--bandwidth", "32").out
    assert "ram_bandwidth: 32 GB/s" in out


def test_the_doctor_speaks_to_people_too(homeward: Program) -> None:
    assert "memory (" in homeward("fit", "--doctor").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lama3.1:8b",), "llama3.1"),
        (("qwen3:8b", "--context", "0"), "tokens"),
        (("qwen3:8b", "--context", "many"), "tokens"),
        (("qwen3:8b", "--kv", "q9"), "q8_0"),
        (("qwen3:8b", "--quant", "Q4_K_X"), "Q4_K_M"),
        (("qwen3:8b", "--vram", "24x"), "24GiB"),
        (("qwen3:8b", "--bandwidth", "fast"), "GB/s"),
        (("qwen3:8b", "--parallel", "0"), "--parallel"),
        (("--task", "cooking"), "code"),
        (("--licence", "my-own"), "apache-2.0"),
        (("--quant", "Q8_0"), "say which model"),
        (("--fleet", ","), "--fleet"),
        (("qwen3:8b", "--arch", "missing.json"), "missing.json"),
    ],
)
def test_a_mistake_is_one_sentence(homeward: Program, words: tuple[str, ...], said: str) -> None:
    run = homeward("fit", *words)
    assert run.code == 3
    assert said in run.err
    assert run.err.count("\n") == 1


def test_a_mistake_is_an_object_for_programs(homeward: Program) -> None:
    run = homeward("fit", "no-such-model", "--json")
    assert run.code == 3
    assert set(run.json["error"]) == {"kind", "message"}


@pytest.mark.parametrize(
    ("text", "count"), [("8192", 8192), ("32k", 32768), ("1M", 1 << 20), ("32_768", 32768)]
)
def test_tokens_are_read_as_people_write_them(text: str, count: int) -> None:
    assert tokens(text) == count


@pytest.mark.parametrize("text", ["", "k", "-1", "1.5k", "0", "32 thousand"])
def test_what_is_no_number_of_tokens_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        tokens(text)


def test_a_depth_may_be_nothing() -> None:
    assert tokens("0", least=0) == 0


def test_json_needs_nothing_heavy(homeward: Program) -> None:
    """Checked in a process of its own: others here have loaded everything already."""
    import subprocess

    program = (
        "import sys; sys.argv = ['homeward', 'fit', '--json']\n"
        "from homeward.cli import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=180
    )
    loaded = set(done.stderr.split())
    assert loaded.isdisjoint({"rich", "numpy", "huggingface_hub", "sqlite3"})


ROUTES = """
models:
  little: {ollama: {model: "qwen3:4b"}}
  large: {ollama: {model: "qwen3:8b"}}
  both: {fallback: [little, large]}
"""


def with_routes() -> None:
    with open("homeward.yaml", "w") as file:
        file.write(ROUTES)


def test_a_route_over_one_model_stands_for_it(homeward: Program) -> None:
    with_routes()
    assert homeward("fit", "little", *CARD, "--json").json["model"] == "qwen3:4b"


def test_a_route_over_several_models_says_what_to_do(homeward: Program) -> None:
    with_routes()
    run = homeward("fit", "both", *CARD)
    assert run.code == 3
    assert "`homeward fit qwen3:4b`" in run.err
    assert "`homeward fit --fleet both`" in run.err


def test_what_is_no_language_model_has_no_speed(homeward: Program) -> None:
    told = homeward("fit", "timesfm", *CARD, "--json").json
    assert (told["verdict"], told["kind"]) == ("fits", "forecast")
    assert set(told["decode_tok_s"].values()) == {0}
    shown = homeward("fit", "timesfm", *CARD).out
    assert "tok/s" not in shown
    assert "tokens/s" not in shown
    assert "it is no language model" in shown


def test_a_context_beyond_the_trained_one_is_a_warning(homeward: Program) -> None:
    told = homeward("fit", "qwen3:8b", "--context", "128k", *CARD, "--json").json
    assert told["context"] == 131072
    assert "trained for 40,960 tokens" in told["warnings"][0]


def test_main_memory_that_is_given_is_no_containers(homeward: Program) -> None:
    assert "container" not in homeward("fit", *CARD).out


def test_a_card_of_which_only_the_memory_is_given_rests_on_others(homeward: Program) -> None:
    told = homeward("fit", "qwen3:8b", "--vram", "16GiB", "--ram", "32GiB", "--json").json
    speed = told["basis"]["speed"]
    assert speed["how"] == "assumed"
    assert "graphics cards with about 16.0 GiB" in speed["source"]
    assert "0 published runs" not in speed["source"]


def test_a_gpu_with_several_memories_is_asked_for(homeward: Program) -> None:
    run = homeward("fit", "qwen3:8b", "--gpu", "RTX 3060")
    assert run.code == 3
    assert "8 or 12 GiB" in run.err
