import io
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.signals.learned.file import ARRAYS, CARD, load, save
from homeward.signals.learned.router import LearnedRouter
from tests.learn.train.drawn import ELSEWHERE, PAIR, THREE, prompt, router, rows

KINDS: dict[str, tuple[Sequence[str], dict[str, Any]]] = {
    "two": (PAIR, {}),
    "three": (THREE, {}),
    "with answers": (PAIR, {"with_answer": True}),
    "with checkers": (PAIR, {"checkers": ("a", "b")}),
    "with both": (PAIR, {"with_answer": True, "checkers": ("b",)}),
}
TEXTS = [*(row.prompt for row in rows(40, seed=5)), ELSEWHERE, "", "\N{SNOWMAN}"]


def trained(kind: str) -> LearnedRouter:
    models, options = KINDS[kind]
    return router(models, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(trained("two"), tmp_path / "r")
    return tmp_path / "r"


def change(folder: Path, **fields: Any) -> None:
    """Fields of the card, as somebody with an editor would."""
    card = msgspec.json.decode((folder / CARD).read_bytes())
    (folder / CARD).write_bytes(msgspec.json.encode({**card, **fields}))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_loaded_predicts_the_same_bit_for_bit(kind: str, tmp_path: Path) -> None:
    save(trained(kind), tmp_path)
    loaded = load(tmp_path)
    assert [loaded.predict(text) for text in TEXTS] == [
        trained(kind).predict(text) for text in TEXTS
    ]


@pytest.mark.parametrize("kind", ["with answers", "with checkers", "with both"])
def test_what_is_loaded_judges_answers_the_same(kind: str, tmp_path: Path) -> None:
    save(trained(kind), tmp_path)
    others = ["42"] * len(trained(kind).card.checkers)
    told = ("It is 42.", "42", others)
    assert load(tmp_path).right(prompt(), *told) == trained(kind).right(prompt(), *told)


@pytest.mark.parametrize("kind", KINDS)
def test_the_card_is_the_same(kind: str, tmp_path: Path) -> None:
    save(trained(kind), tmp_path)
    assert load(tmp_path).card == trained(kind).card


def test_a_folder_has_a_card_for_people_and_plain_arrays(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [ARRAYS, CARD]
    assert b'\n  "models": [' in (folder / CARD).read_bytes()
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        assert {arrays[name].dtype.kind for name in arrays.files} <= {"f", "u", "i"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_words_of_prompts_are_for_the_owner_alone(folder: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert modes == {folder.name: 0o700, ARRAYS: 0o600, CARD: 0o600}


def test_the_folders_above_it_are_made(tmp_path: Path) -> None:
    save(trained("two"), tmp_path / "a" / "b")
    assert load(tmp_path / "a" / "b").models == PAIR


def test_a_tilde_is_the_home_in_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    save(trained("two"), Path("~/r"))
    assert load("~/r").models == PAIR


def test_a_router_in_the_folder_is_replaced(folder: Path) -> None:
    save(trained("three"), folder)
    assert load(folder).models == THREE


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("mine")
    with pytest.raises(ConfigError, match=r"cannot hold a router.*name another folder"):
        save(trained("two"), tmp_path / "r")
    assert (tmp_path / "r").read_text() == "mine"


def test_what_could_not_be_saved_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / CARD).mkdir()
    (tmp_path / CARD / "mine").touch()
    with pytest.raises(ConfigError, match="cannot hold a router"):
        save(trained("two"), tmp_path)
    assert not list(tmp_path.glob(".*"))


# ---------------------------------------------------------------- what is none


@pytest.mark.parametrize("missing", [CARD, ARRAYS])
def test_a_folder_without_a_router_says_how_to_make_one(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(ConfigError, match=r"no router in .*`homeward learn TABLE --out"):
        load(folder)


def test_a_folder_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no router in"):
        load(tmp_path / "nowhere")


def test_a_file_is_no_router(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no router in"):
        load(folder / CARD)


class Harm:
    """Unpickled, it would leave a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_no_pickle_is_read(folder: Path, tmp_path: Path) -> None:
    harm = np.array([Harm(tmp_path / "harm")], dtype=object)
    with np.load(folder / ARRAYS, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(folder / ARRAYS, allow_pickle=True, **{**arrays, "reader.rarity": harm})
    with pytest.raises(ConfigError, match="train it again"):
        load(folder)
    assert not (tmp_path / "harm").exists()


def test_a_bare_pickle_is_not_read_either(folder: Path, tmp_path: Path) -> None:
    harm = np.array([Harm(tmp_path / "harm")], dtype=object)
    harm.dump(folder / ARRAYS)
    with pytest.raises(ConfigError, match="train it again"):
        load(folder)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("name", [CARD, ARRAYS])
@pytest.mark.parametrize("content", [b"", b"{}", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"nonsense"])
def test_a_file_of_something_else_is_told(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(ConfigError, match="train it again"):
        load(folder)


def test_a_single_array_is_not_the_arrays(folder: Path) -> None:
    with (folder / ARRAYS).open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ConfigError, match="train it again"):
        load(folder)


@pytest.mark.parametrize("name", [CARD, ARRAYS])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_told(folder: Path, name: str, share: float) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ConfigError, match=r"damaged.*train it again"):
        load(folder)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([CARD, ARRAYS]), st.floats(0, 1), st.integers(0, 255))
def test_one_wrong_byte_is_told_or_does_no_harm(
    folder: Path, name: str, share: float, byte: int
) -> None:
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    changed = bytearray((copy / name).read_bytes())
    changed[int(share * (len(changed) - 1))] = byte
    (copy / name).write_bytes(changed)
    told = ""
    try:
        assert load(copy).predict(prompt()).quality.keys() == {*PAIR}
    except ConfigError as error:
        told = str(error)
    assert not told or "train it again" in told


def test_a_missing_array_is_named(folder: Path) -> None:
    with np.load(folder / ARRAYS, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files if name != "reader.rarity"}
    np.savez(folder / ARRAYS, allow_pickle=False, **arrays)
    with pytest.raises(ConfigError, match=r"'reader\.rarity' is missing\); train it again"):
        load(folder)


def rewrite(folder: Path, **changed: Any) -> None:
    with np.load(folder / ARRAYS, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez_compressed(folder / ARRAYS, allow_pickle=False, **{**arrays, **changed})


@pytest.mark.parametrize("value", [np.nan, np.inf, "x", 1j, True])
def test_what_is_no_number_is_told(folder: Path, value: Any) -> None:
    rewrite(folder, **{"reader.mean": np.full(11, value)})
    with pytest.raises(ConfigError, match=r"reader\.mean has what is no number.*train it again"):
        load(folder)


def test_a_term_that_is_there_twice_is_told(folder: Path) -> None:
    with np.load(folder / ARRAYS, allow_pickle=False) as file:
        terms = file["reader.vocabulary"].tobytes() + b"\nwhat\nwhat"
    rewrite(folder, **{"reader.vocabulary": np.frombuffer(terms, np.uint8)})
    with pytest.raises(ConfigError, match="train it again"):
        load(folder)


@pytest.mark.parametrize("name", ["prompt", "surface", "answer", "evidence", "mean"])
def test_weights_of_answers_that_do_not_fit_are_told_at_once(tmp_path: Path, name: str) -> None:
    save(trained("with both"), tmp_path)
    rewrite(tmp_path, **{f"checked.{name}": np.ones(3, np.float32)})
    with pytest.raises(ConfigError, match="do not belong together; train it again"):
        load(tmp_path)


def test_arrays_that_would_fill_the_memory_are_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeward.signals.learned.file.LARGEST", 1 << 20)
    rewrite(folder, more=np.zeros(1 << 20))
    assert (folder / ARRAYS).stat().st_size < 1 << 20
    with pytest.raises(ConfigError, match=r"damaged .*GiB.*train it again"):
        load(folder)


def test_an_array_that_claims_to_be_endless_is_told(folder: Path) -> None:
    head = io.BytesIO()
    shape = {"descr": "<f4", "fortran_order": False, "shape": (1 << 60,)}
    np.lib.format.write_array_header_1_0(head, shape)
    with zipfile.ZipFile(folder / ARRAYS, "a") as file:
        file.writestr("more.npy", head.getvalue())
    with pytest.raises(ConfigError, match="train it again"):
        load(folder)


def test_arrays_of_another_router_are_told(folder: Path, tmp_path: Path) -> None:
    save(trained("three"), tmp_path / "other")
    shutil.copy(tmp_path / "other" / ARRAYS, folder / ARRAYS)
    with pytest.raises(ConfigError, match="train it again"):
        load(folder)


def test_a_card_that_knows_another_part_is_told(folder: Path) -> None:
    change(folder, blend={"oracle": 1.0})
    with pytest.raises(ConfigError, match="'oracle' is missing"):
        load(folder)


@pytest.mark.parametrize(
    "fields",
    [
        {"models": ["small"]},
        {"models": ["small", "large", "third"]},
        {"costs": [0.0]},
        {"points": []},
        {"blend": {}},
        {"accuracy": {}},
        {"default": "another"},
        {"with_answer": True},
    ],
)
def test_a_card_that_does_not_fit_the_arrays_is_told(folder: Path, fields: dict[str, Any]) -> None:
    change(folder, **fields)
    with pytest.raises(ConfigError, match="do not belong together; train it again"):
        load(folder)


@pytest.mark.parametrize("version", [0, 2])
def test_a_router_of_another_version_is_told(folder: Path, version: int) -> None:
    change(folder, version=version)
    with pytest.raises(ConfigError, match=f"version {version}; train it again"):
        load(folder)


def test_what_a_later_card_says_beside_is_passed_over(folder: Path) -> None:
    change(folder, remark="mine")
    assert load(folder).models == PAIR
