from pathlib import Path

import pytest

from homeward import box

MEBIBYTE = 1024 * 1024


def test_the_box_has_four_specialists_a_generalist_and_a_draft() -> None:
    assert list(box.MEMBERS) == ["arith", "code", "facts", "words", "general", "draft"]


@pytest.mark.parametrize("name", box.MEMBERS)
def test_every_member_is_a_gguf_file(name: str) -> None:
    assert box.path(name).read_bytes()[:4] == b"GGUF"


@pytest.mark.parametrize("name", box.MEMBERS)
def test_a_file_is_as_large_as_its_parameters_in_eight_bits_and_a_vocabulary(name: str) -> None:
    weights = box.MEMBERS[name].parameters * 34 / 32  # Q8_0: 32 bytes and a 2-byte scale
    assert weights < box.path(name).stat().st_size < weights + 100_000


def test_all_members_together_take_at_most_twelve_mebibytes() -> None:
    assert sum(box.path(name).stat().st_size for name in box.MEMBERS) <= 12 * MEBIBYTE


def test_a_path_is_a_path() -> None:
    assert isinstance(box.path("draft"), Path)


def test_an_unknown_member_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(ValueError, match="no 'poetry' in the box; it has arith, code, facts"):
        box.path("poetry")


def test_the_context_holds_the_longest_answer_and_a_question() -> None:
    assert all(member.longest_answer * 2 < member.context for member in box.MEMBERS.values())
