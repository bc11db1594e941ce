"""Headers of files on a hub (one on loopback), and what is kept of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from homeward.backends import gguf_remote
from homeward.backends.gguf_remote import known, look, look_config
from homeward.errors import (
    BadModelFile,
    ConfigError,
    Failed,
    Forbidden,
    ModelMissing,
    Unreachable,
)
from homeward.model import Clearance
from tests.backends import shape_gguf
from tests.backends.hub_server import REVISION, Hub, hub

SAID = {"general.architecture": "llama", "tokenizer.ggml.tokens": ["word"] * 9000}
ROWS = [("token_embd.weight", (32, 9000), "F16"), ("blk.0.attn_k.weight", (32, 32), "Q8_0")]


def file(rows: Sequence[shape_gguf.Row], said: Mapping[str, object]) -> bytes:
    head, size = shape_gguf.header(said, rows)
    return head + bytes(size - len(head))


REPOS = {
    "org/one": {
        "one-Q4_K_M.gguf": file(ROWS, SAID),
        "one-Q8_0.gguf": file(ROWS[:1], SAID),
        "mmproj-F32.gguf": bytes(4000),
        "mmproj-F16.gguf": bytes(2000),
    },
    "org/split": {
        "s-Q4_0-00001-of-00002.gguf": file(ROWS[:1], SAID),
        "s-Q4_0-00002-of-00002.gguf": file(ROWS[1:], {"split.count": 2}),
    },
    "org/broken": {"broken.gguf": b"GGUF" + bytes(2000)},
    "org/torch": {"config.json": json.dumps({"hidden_size": 8}).encode()},
}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    monkeypatch.setattr(gguf_remote, "FIRST", 4096)
    with hub(REPOS) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


def ranges(server: Hub) -> list[str | None]:
    return [asked.range for asked in server.asked if asked.path.startswith("/bytes")]


def test_the_header_tells_metadata_and_tensors(server: Hub) -> None:
    found = look("org/one").content
    assert found.rows == ROWS
    assert len(found.metadata["tokenizer.ggml.tokens"]) == 9000
    assert found.size == len(REPOS["org/one"]["one-Q4_K_M.gguf"])


def test_ranges_double_until_the_header_is_whole(server: Hub) -> None:
    look("org/one")
    assert ranges(server)[:3] == ["bytes=0-4095", "bytes=4096-8191", "bytes=8192-16383"]


def test_the_weights_are_not_fetched(server: Hub) -> None:
    found = look("org/one").content
    last = ranges(server)[-1]
    assert last is not None
    assert int(last.rpartition("-")[2]) < found.size // 2


def test_a_hub_that_ignores_ranges_is_understood(server: Hub) -> None:
    server.ranges = False
    assert look("org/one").content.rows == ROWS


def test_the_projector_of_16_bits_is_noted(server: Hub) -> None:
    assert look("org/one").projector == 2000
    assert look("org/split").projector == 0


def test_a_quantisation_is_chosen_by_name_or_beside_it(server: Hub) -> None:
    assert look("org/one:Q8_0").content.rows == ROWS[:1]
    assert look("org/one", quant="Q8_0").content.rows == ROWS[:1]


def test_all_headers_of_a_split_model_are_read(server: Hub) -> None:
    assert look("org/split").content.rows == ROWS


def test_the_second_look_fetches_no_header(server: Hub) -> None:
    first = look("org/one")
    server.asked.clear()
    assert look("org/one") == first
    assert server.asked == []


def test_what_was_looked_at_is_known_without_a_network(
    server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known("org/one") is None
    first = look("org/one")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert known("org/one") == first
    assert known("org/one:Q8_0") is None


def test_a_damaged_note_is_fetched_anew(server: Hub, tmp_path: Path) -> None:
    first = look("org/one")
    for note in (tmp_path / "headers").rglob("*.header"):
        note.write_bytes(b"\xff")
    assert known("org/one") is None
    assert look("org/one") == first


def test_a_digest_that_is_none_names_no_file(server: Hub, tmp_path: Path) -> None:
    server.checksums["one-Q4_K_M.gguf"] = "../../../outside"
    assert look("org/one").content.rows == ROWS
    assert list(tmp_path.parent.glob("outside*")) == []


def test_a_config_is_read_from_a_repository_without_gguf(server: Hub) -> None:
    assert look_config("org/torch") == {"hidden_size": 8}


def test_clearance_holds(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeward.backends.egress.lies", lambda _: Clearance.WORLD)
    with pytest.raises(Forbidden, match="may not go beyond network"):
        look("org/one", clearance=Clearance.NETWORK)
    assert server.listed == []


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("org/nothing", ModelMissing, "shows you no repository org/nothing"),
        ("org/torch", ModelMissing, "look for a repository with GGUF in its name"),
        ("org/one:Q2_K", ModelMissing, "has not Q2_K .*: Q4_K_M, Q8_0"),
        ("org/broken", BadModelFile, "version 0"),
        ("one", ConfigError, "say ORG/REPO"),
    ],
)
def test_what_leads_nowhere_is_one_sentence(
    server: Hub, name: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        look(name)


def test_a_hub_that_is_not_there_is_one_sentence(
    server: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match="connection refused"):
        look("org/one")


FILE = {"rfilename": "one-Q4_K_M.gguf", "size": 9000, "blobId": "0" * 40}


@pytest.mark.parametrize(
    "siblings",
    [
        [FILE | {"size": -5}],
        [FILE | {"size": "9000"}],
        [FILE | {"size": 2**70}],
        [FILE | {"size": 9.5}],
        [FILE | {"blobId": 5}],
        [FILE | {"rfilename": 7}],
        [FILE | {"rfilename": "../../etc/one-Q4_K_M.gguf"}],
        [FILE | {"lfs": {}}],
        [FILE | {"lfs": 7}],
        [{}],
        [None],
        "files",
        7,
    ],
)
def test_a_hub_that_lists_nonsense_is_one_sentence(
    server: Hub, siblings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"id": "org/one", "sha": REVISION, "siblings": siblings}
    monkeypatch.setattr(server, "listing", lambda _: json.dumps(said).encode())
    with pytest.raises((Failed, ModelMissing, BadModelFile)):
        look("org/one")


@pytest.mark.parametrize("sha", ["../../../other", "main?x=", 7, "\r\nhost: x"])
def test_a_revision_that_is_none_is_not_asked_for(
    server: Hub, sha: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"id": "org/one", "sha": sha, "siblings": [FILE]}
    monkeypatch.setattr(server, "listing", lambda _: json.dumps(said).encode())
    with pytest.raises(Failed, match="what no hub says"):
        look("org/one")
    assert server.asked == []
