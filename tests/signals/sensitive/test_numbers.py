"""A text may hold as many numbers as its sender likes, and each is read once."""

import pytest

from homeward.signals.sensitive.found import Found
from homeward.signals.sensitive.numbers import find_numbers

MANY = 2000
ONE = {
    "phone": "+1 415 555 2671, ",
    "card": "4111 1111 1111 1111\n",
    "iban": "GB33BUKB20201555555555\n",
}


@pytest.mark.parametrize("kind", ONE)
def test_every_number_of_many_is_found(kind: str) -> None:
    text = ONE[kind] * MANY
    assert [one.kind for one in find_numbers(text, text.lower())] == [kind] * MANY


@pytest.mark.parametrize("kind", ONE)
def test_a_number_is_compared_with_its_neighbours_only(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0
    overlaps = Found.overlaps

    def counted(self: Found, start: int, end: int) -> bool:
        nonlocal compared
        compared += 1
        return overlaps(self, start, end)

    monkeypatch.setattr(Found, "overlaps", counted)
    text = ONE[kind] * MANY
    assert len(list(find_numbers(text, text.lower()))) == MANY
    assert compared < 10 * MANY
