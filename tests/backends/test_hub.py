"""Pulling model files from a hub (one on loopback), and finding them again."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeward.backends.embedded import Embedded
from homeward.backends.hub import Progress, installed, locate, pull
from homeward.backends.shelf import choose, home
from homeward.errors import (
    BadModelFile,
    ConfigError,
    Failed,
    Forbidden,
    ModelMissing,
    Unauthorized,
    Unreachable,
)
from homeward.model import Clearance, Request, Sampling, collect
from tests.backends import tiny_gguf
from tests.backends.hub_server import Hub, hub

TINY = tiny_gguf.build()
LARGE = TINY + bytes(3_000_000)
REPOS = {
    "org/tiny": {
        "README.md": b"# Tiny",
        "tiny-Q8_0.gguf": b"not this one",
        "tiny-Q4_K_M.gguf": TINY,
        "mmproj-tiny-Q4_K_M.gguf": b"nor this one",
    },
    "org/large": {"large.Q4_0.gguf": LARGE},
    "org/split": {
        "Q5_K_M/big-Q5_K_M-00001-of-00002.gguf": TINY,
        "Q5_K_M/big-Q5_K_M-00002-of-00002.gguf": TINY + bytes(32),
    },
    "org/broken": {"broken.gguf": b"GGUF" + bytes(2000)},
    "org/torch": {"model.safetensors": b"weights"},
    "org/evil": {"../../outside.gguf": TINY},
}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with hub(REPOS) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


def pulled(name: str) -> Path:
    path = list(pull(name))[-1].path
    assert path is not None
    return path


def parts(folder: Path) -> list[Path]:
    return list(folder.rglob("*.part"))


# ---------------------------------------------------------------- fetching


def test_a_model_is_fetched_whole(server: Hub, tmp_path: Path) -> None:
    path = pulled("org/large")
    assert path == tmp_path / "models/org/large/large.Q4_0.gguf"
    assert path.read_bytes() == LARGE
    assert parts(tmp_path) == []


def test_progress_grows_to_the_whole(server: Hub) -> None:
    steps = list(pull("org/large"))
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert {step.total for step in steps} == {len(LARGE)}
    last, digest = steps[-1], hashlib.sha256(LARGE).hexdigest()
    size = len(LARGE)
    assert last == Progress("large.Q4_0.gguf", size, size, path=last.path, digest=digest)
    assert all(step.rate > 0 for step in steps[:-1])


def test_the_usual_quantisation_is_taken_and_no_projector(server: Hub) -> None:
    assert pulled("org/tiny").name == "tiny-Q4_K_M.gguf"
    assert [file.name for file in installed()] == ["org/tiny"]


def test_all_files_of_a_split_model_come(server: Hub, tmp_path: Path) -> None:
    first = pulled("org/split")
    assert first.name == "big-Q5_K_M-00001-of-00002.gguf"
    assert len(list(first.parent.iterdir())) == 2


def test_a_split_model_is_not_installed_before_its_last_file_is_here(server: Hub) -> None:
    download = pull("org/split")
    while not list(home().rglob("*.gguf")):
        next(download)
    assert installed() == []
    assert list(download)
    assert [file.name for file in installed()] == ["org/split"]


async def test_what_was_pulled_answers_by_its_name(server: Hub) -> None:
    pulled("org/tiny")
    asked = Request.of("hello", sampling=Sampling(max_tokens=4))
    answer = await collect(Embedded("org/tiny", threads=1).chat(asked))
    assert answer.finish is not None
    assert answer.finish.model == "tiny-Q4_K_M"


# ---------------------------------------------------------------- interruptions


def test_a_download_that_is_cut_goes_on_where_it_was(server: Hub) -> None:
    server.cuts.append(1_000_000)
    assert pulled("org/large").read_bytes() == LARGE
    assert [asked.range for asked in server.asked if "bytes" in asked.path] == [
        "bytes=0-",
        "bytes=1000000-",
    ]


def test_a_hub_that_ignores_ranges_is_read_from_the_beginning(server: Hub) -> None:
    server.ranges = False
    server.cuts.append(1_000_000)
    assert pulled("org/large").read_bytes() == LARGE


def test_ctrl_c_keeps_what_came(server: Hub, tmp_path: Path) -> None:
    download = pull("org/large")
    came = next(step.done for step in download if step.done > 500_000)
    with pytest.raises(KeyboardInterrupt):
        download.throw(KeyboardInterrupt())
    (part,) = parts(tmp_path)
    assert part.stat().st_size == came
    assert installed() == []
    assert pulled("org/large").read_bytes() == LARGE
    assert server.asked[-1].range == f"bytes={came}-"


def test_a_hub_that_stays_silent_says_that_nothing_is_lost(server: Hub) -> None:
    server.cuts += [1_000_000, 0]
    with pytest.raises(Unreachable, match="what came is kept, so run `homeward pull org/large`"):
        list(pull("org/large"))
    assert pulled("org/large").read_bytes() == LARGE


def test_a_wrong_checksum_deletes_what_came(server: Hub, tmp_path: Path) -> None:
    server.checksums["large.Q4_0.gguf"] = "0" * 64
    with pytest.raises(BadModelFile, match="has not the checksum that the hub gives"):
        list(pull("org/large"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_pulling_again_fetches_nothing(server: Hub) -> None:
    pulled("org/large")
    server.asked.clear()
    pulled("org/large")
    assert server.asked == []


def test_pulling_again_mends_a_file_that_was_damaged(server: Hub) -> None:
    path = pulled("org/large")
    path.write_bytes(bytes(len(LARGE)))
    assert pulled("org/large").read_bytes() == LARGE


def test_a_file_that_is_broken_on_the_hub_itself_is_refused(server: Hub) -> None:
    with pytest.raises(BadModelFile, match="version 0"):
        list(pull("org/broken"))


def test_a_full_disk_is_told_before_anything_is_fetched(
    server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(Failed, match=r"3\.1 MB are needed .* and 1\.0 kB are free"):
        list(pull("org/large"))
    assert server.asked == []


# ---------------------------------------------------------------- who hears what


def test_the_token_is_for_the_hub_alone(server: Hub) -> None:
    pulled("org/tiny")
    at_hub, elsewhere = server.asked
    assert at_hub.key == "Bearer hf_secret"
    assert elsewhere.path.startswith("/bytes")
    assert elsewhere.key is None


def test_the_hub_learns_nothing_of_this_machine(server: Hub) -> None:
    pulled("org/tiny")
    agents = {name.lower(): value for name, value in server.listed[0].items()}
    assert agents["user-agent"] == "homeward"


def test_the_hub_is_reached_through_egress(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeward.backends.egress.lies", lambda _: Clearance.WORLD)
    with pytest.raises(Forbidden, match="may not go beyond network"):
        list(pull("org/tiny", clearance=Clearance.NETWORK))
    assert server.listed == []


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("org/nothing", ModelMissing, "shows you no repository org/nothing: check the spelling"),
        ("org/torch", ModelMissing, "look for a repository with GGUF in its name"),
        ("org/tiny:Q2_K", ModelMissing, "has not Q2_K .*: Q4_K_M, Q8_0"),
        ("llama3", ConfigError, "say ORG/REPO, for example"),
        ("../..", ConfigError, "say ORG/REPO"),
        ("org/evil:../../outside.gguf", ConfigError, "say ORG/REPO"),
        ("org/evil", ModelMissing, "has not one GGUF file"),
    ],
)
def test_a_name_that_leads_nowhere_is_one_sentence(
    server: Hub, tmp_path: Path, name: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        list(pull(name))
    assert [path for path in tmp_path.parent.rglob("outside*") if path.is_file()] == []


def test_a_model_whose_terms_were_not_accepted_says_where_to(server: Hub) -> None:
    server.refusals["org/gated"] = 403, "GatedRepo"
    with pytest.raises(Unauthorized, match=f"do so at {server.url}/org/gated, then set HF_TOKEN"):
        list(pull("org/gated"))


def test_a_hub_that_fails_is_one_sentence(server: Hub) -> None:
    server.refusals["org/tiny"] = 500, ""
    with pytest.raises(Failed, match="answered 500 for org/tiny"):
        list(pull("org/tiny"))


def test_a_hub_that_is_not_there_is_one_sentence(
    server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match="connection refused"):
        list(pull("org/tiny"))


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        ("", "Tiny-1B-Q4_K_M.gguf"),
        ("q8_0", "Tiny-1B-Q8_0.gguf"),
        ("IQ2_XXS", "Tiny-1B-IQ2_XXS.gguf"),
        ("UD-Q2_K_XL", "Tiny-1B-UD-Q2_K_XL.gguf"),
        ("BF16", "BF16/Tiny-1B-BF16-00001-of-00002.gguf"),
        ("Tiny-1B-Q8_0.gguf", "Tiny-1B-Q8_0.gguf"),
    ],
)
def test_a_quantisation_is_found_by_its_name(choice: str, chosen: str) -> None:
    files = [
        "BF16/Tiny-1B-BF16-00001-of-00002.gguf",
        "BF16/Tiny-1B-BF16-00002-of-00002.gguf",
        "Tiny-1B-IQ2_XXS.gguf",
        "Tiny-1B-Q4_K_M.gguf",
        "Tiny-1B-Q8_0.gguf",
        "Tiny-1B-UD-Q2_K_XL.gguf",
        "imatrix.gguf",
    ]
    assert choose(files, choice)[0] == chosen


def test_two_models_of_one_quantisation_must_be_told_apart_by_file() -> None:
    with pytest.raises(ModelMissing, match=r"small-Q4_0\.gguf, tall-Q4_0\.gguf"):
        choose(["small-Q4_0.gguf", "tall-Q4_0.gguf"], "")


def test_several_of_one_repository_are_installed_under_their_quantisations(server: Hub) -> None:
    folder = home() / "org/many"
    folder.mkdir(parents=True)
    for label in ("Q4_0", "Q8_0"):
        (folder / f"many-{label}.gguf").write_bytes(TINY)
    names = [file.name for file in installed()]
    assert names == ["org/many:Q4_0", "org/many:Q8_0"]
    assert [locate(name).name for name in names] == ["many-Q4_0.gguf", "many-Q8_0.gguf"]
    assert locate("org/many").name == "many-Q4_0.gguf"


def test_what_was_not_pulled_names_the_command(server: Hub) -> None:
    with pytest.raises(ModelMissing, match="run `homeward pull org/tiny`"):
        locate("org/tiny")


def test_models_lie_where_xdg_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOMEWARD_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert home() == Path("/data/homeward/models")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert home() == Path.home() / ".local/share/homeward/models"
