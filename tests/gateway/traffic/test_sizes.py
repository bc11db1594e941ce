from pathlib import Path

from homeward.backends.child import Plan
from homeward.box import path
from homeward.gateway.traffic.sizes import available, file_size, needed, reading

DRAFT = path("draft")


def test_a_model_takes_more_than_its_file() -> None:
    plan = Plan(DRAFT, 256)
    assert needed(plan) > file_size(plan) == DRAFT.stat().st_size


def test_a_longer_context_takes_more() -> None:
    assert needed(Plan(DRAFT, 4096)) > needed(Plan(DRAFT, 256))


def test_so_do_more_slots() -> None:
    assert needed(Plan(DRAFT, 256, parallel=8)) > needed(Plan(DRAFT, 256, parallel=1))


def test_a_draft_is_loaded_beside_it() -> None:
    alone = needed(Plan(path("general"), 256))
    assert needed(Plan(path("general"), 256, draft=DRAFT)) > alone + DRAFT.stat().st_size


def test_of_a_file_that_cannot_be_read_its_size_counts(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(b"x" * 99)
    assert needed(Plan(wrong)) == 99


def test_of_a_file_that_is_not_there_nothing_is_known(tmp_path: Path) -> None:
    assert needed(Plan(tmp_path / "none.gguf")) == 0


def test_a_file_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "some.gguf"
    file.write_bytes(b"x" * 99)
    before = needed(Plan(file, 256))
    file.write_bytes(path("general").read_bytes())
    assert (before, needed(Plan(file, 256))) == (99, needed(Plan(path("general"), 256)))


def test_there_is_memory_and_a_disk_that_can_be_read(tmp_path: Path) -> None:
    assert available() > 0
    assert reading(tmp_path) > 0
