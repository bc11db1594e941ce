import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.cli.machine.fit_list import listed
from homeward.cli.machine.fit_table import OF_A_FAMILY, columns, first, head, row
from homeward.machine.catalogue import entries
from homeward.machine.estimate import Use
from homeward.machine.recommend.recommend import recommend
from tests.machine.machines import with_gpu

CARD = with_gpu(24)
USE = Use(context=8192)
EVERY = recommend(entries(), CARD, USE, every=True)


@given(st.integers(80, 300))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    advised = EVERY.runs_well + EVERY.too_slow + EVERY.does_not_fit
    wide = columns(width, advised)
    assert all(len(line) < width for line in [head(wide), *(row(wide, each) for each in advised)])


@given(st.integers(80, 300))
def test_what_is_said_of_commercial_use_is_never_cut(width: int) -> None:
    advised = [each for each in EVERY.runs_well if each.commercial == "conditional"]
    wide = columns(width, advised)
    assert all("(cond" in row(wide, each) and ")" in row(wide, each) for each in advised)


def test_names_are_whole_since_people_type_them() -> None:
    wide = columns(80, EVERY.runs_well)
    assert all(row(wide, each).startswith(each.name) for each in EVERY.runs_well)


def test_a_line_has_the_evidence_where_there_is_room() -> None:
    wide = columns(120, EVERY.runs_well)
    scored = next(each for each in EVERY.runs_well if each.published)
    assert f"{scored.evidence[0].score:.2f}" in row(wide, scored)
    guessed = next(each for each in EVERY.runs_well if not each.published)
    assert row(wide, guessed).endswith("size and date")


def test_no_family_is_among_the_first_more_than_twice() -> None:
    chosen = [each.family for each in first(EVERY.runs_well, 8)]
    assert len(chosen) == 8
    assert all(chosen.count(family) <= OF_A_FAMILY for family in chosen)


def test_the_first_are_in_the_order_of_all() -> None:
    ranks = [each.rank for each in first(EVERY.runs_well, 8)]
    assert ranks == sorted(ranks)


def test_the_others_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    found = recommend(entries(), CARD, USE)
    listed(found, CARD, USE, every=False)
    assert f"and {len(found.runs_well) - 8} more: --all" in capsys.readouterr().out


def test_a_narrow_terminal_has_no_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "79")
    listed(recommend(entries(), CARD, USE), CARD, USE, every=False)
    assert "TOK/S" not in capsys.readouterr().out
