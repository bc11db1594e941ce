"""What was written is in the ledger, sooner or later, whatever happens in between."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.gateway.accounting import journal as module
from homeward.gateway.accounting.journal import Journal, open_journal
from homeward.gateway.accounting.segments import Line as Kept
from homeward.gateway.accounting.segments import Segment, read
from homeward.gateway.accounting.slots import claim
from homeward.gateway.accounting.tally import Tally
from homeward.store.protocols import Ledger, StoreDown
from homeward.store.records import Contents, Entry
from homeward.store.sqlite import Sqlite
from tests.contract import PATIENCE

NUMBERS = count()


def entry(**fields: Any) -> Entry:
    return Entry(id=f"r{next(NUMBERS)}", began=1_795_000_000.0, **fields)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Sqlite]:
    async with Sqlite(tmp_path / "homeward.db") as store:
        yield store


class Patchy:
    """A ledger that fails as long as ``error`` is set. ``told`` counts what it was told."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.error: Exception | None = None
        self.hated = ""
        self.told = 0

    async def add(self, entries: Sequence[Entry]) -> None:
        self.told += len(entries)
        if self.error is not None:
            raise self.error
        if any(each.id == self.hated for each in entries):
            raise ValueError("not to my liking")
        await self.ledger.add(entries)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)


@pytest.fixture
def patchy(ledger: Sqlite) -> Any:
    return Patchy(ledger)


def killed(folder: Path, ledger: Ledger, *entries: Entry) -> Path:
    """Write entries and let go of the folder as a kill -9 does. The file that is left."""
    journal = Journal(claim(folder), ledger)
    for each in entries:
        journal.write(each)
    journal.slot.close()
    [path] = journal.slot.segments()
    return path


async def ids(ledger: Ledger) -> set[str]:
    return {each.id for each in await ledger.entries()}


# ---------------------------------------------------------------- the ordinary way


async def test_what_is_written_is_in_a_file_at_once(tmp_path: Path, ledger: Sqlite) -> None:
    async with open_journal(tmp_path, ledger, tally=False) as journal:
        journal.write(one := entry(route="a", cost_usd=None))
        [path] = journal.slot.segments()
        assert read(path) == ([Kept(entry=one)], 0)


async def test_what_is_written_is_in_the_ledger_a_moment_later(
    tmp_path: Path, ledger: Sqlite
) -> None:
    async with open_journal(tmp_path, ledger, tally=False) as journal:
        journal.write(one := entry())
        await journal.flush()
        assert await ids(ledger) == {one.id}


async def test_it_is_in_the_ledger_without_anybody_asking(tmp_path: Path, ledger: Sqlite) -> None:
    async with open_journal(tmp_path, ledger, tally=False) as journal, asyncio.timeout(PATIENCE):
        journal.write(entry())
        while journal.unwritten:  # noqa: ASYNC110  the ledger is visited on its own time
            await asyncio.sleep(0.02)
    assert len(await ids(ledger)) == 1


async def test_a_segment_that_is_stored_is_deleted(tmp_path: Path, ledger: Sqlite) -> None:
    async with open_journal(tmp_path, ledger, tally=False) as journal:
        journal.write(entry())
        await journal.flush()
        assert journal.slot.segments() == []


async def test_contents_go_the_same_way(tmp_path: Path, patchy: Any) -> None:
    kept: list[Contents] = []

    async def add_contents(contents: Sequence[Contents]) -> None:
        kept.extend(contents)

    patchy.add_contents = add_contents
    async with open_journal(tmp_path, patchy, tally=False) as journal:
        journal.keep(said := Contents("r1", {"messages": []}, "hello"))
    assert kept == [said]


async def test_the_file_is_for_its_owner_alone(tmp_path: Path, ledger: Sqlite) -> None:
    path = killed(tmp_path, ledger, entry())
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


# ---------------------------------------------------------------- after a crash


async def test_what_a_killed_gateway_left_is_stored_before_the_next_one_serves(
    tmp_path: Path, ledger: Sqlite
) -> None:
    lost = [entry(), entry()]
    killed(tmp_path, ledger, *lost)
    async with open_journal(tmp_path, ledger, tally=False):
        assert await ids(ledger) == {each.id for each in lost}


async def test_what_was_stored_before_the_kill_is_there_once(
    tmp_path: Path, ledger: Sqlite
) -> None:
    one = entry(input_tokens=5)
    await ledger.add([one])
    killed(tmp_path, ledger, one)
    async with open_journal(tmp_path, ledger, tally=False):
        assert [each.input_tokens for each in await ledger.entries()] == [5]


async def test_a_line_that_was_cut_is_dropped_and_said(
    tmp_path: Path, ledger: Sqlite, caplog: pytest.LogCaptureFixture
) -> None:
    path = killed(tmp_path, ledger, whole := entry(), entry())
    os.truncate(path, path.stat().st_size - 5)
    async with open_journal(tmp_path, ledger, tally=False):
        assert await ids(ledger) == {whole.id}
    [record] = caplog.records
    assert "of a line that was not ended are dropped" in record.message


@given(data=st.data(), words=st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_file_cut_anywhere_gives_a_prefix_of_whole_entries(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, words: list[str]
) -> None:
    path = tmp_path_factory.mktemp("cut") / "1.jsonl"
    segment = Segment(path)
    written = [Entry(str(n), 0.0, route=word, tenant=word) for n, word in enumerate(words)]
    for each in written:
        segment.append(Kept(entry=each))
    segment.seal()
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    lines, lost = read(path)
    ends = whole[:cut].count(b"\n")
    assert [line.entry for line in lines] == written[:ends]
    assert lost == cut - (whole[:cut].rfind(b"\n") + 1)


async def test_two_gateways_on_one_folder_do_not_touch_each_other(
    tmp_path: Path, ledger: Sqlite
) -> None:
    async with (
        open_journal(tmp_path, ledger, tally=False) as first,
        open_journal(tmp_path, ledger, tally=False) as second,
    ):
        assert first.slot.folder != second.slot.folder
        assert first.slot.node != second.slot.node


async def test_a_dead_neighbours_journal_is_adopted(tmp_path: Path, ledger: Sqlite) -> None:
    alive = claim(tmp_path)
    path = killed(tmp_path, ledger, one := entry())
    alive.close()
    async with open_journal(tmp_path, ledger, tally=False) as journal:
        assert journal.slot.folder != path.parent
        assert (await ids(ledger), path.exists()) == ({one.id}, False)


async def test_a_living_neighbours_journal_is_left_alone(tmp_path: Path, ledger: Sqlite) -> None:
    neighbour = Journal(claim(tmp_path), ledger)
    neighbour.write(entry())
    async with open_journal(tmp_path, ledger, tally=False):
        assert await ids(ledger) == set()
    neighbour.close()


async def test_a_folder_keeps_its_name_from_one_life_to_the_next(tmp_path: Path) -> None:
    first = claim(tmp_path)
    name = first.node
    first.close()
    second = claim(tmp_path)
    assert second.node == name
    second.close()


# ---------------------------------------------------------------- a ledger that does not work


async def test_a_ledger_that_is_down_loses_nothing(tmp_path: Path, patchy: Any) -> None:
    async with open_journal(tmp_path, patchy, tally=False) as journal:
        patchy.error = StoreDown("gone")
        journal.write(one := entry())
        with pytest.raises(StoreDown):
            await journal.flush()
        journal.write(two := entry())
        patchy.error = None
        await journal.flush()
        assert await ids(patchy) == {one.id, two.id}


async def test_what_no_ledger_took_until_the_end_is_stored_at_the_next_start(
    tmp_path: Path, patchy: Any
) -> None:
    async with open_journal(tmp_path, patchy, tally=False) as journal:
        patchy.error = StoreDown("gone")
        journal.write(one := entry())
    patchy.error = None
    async with open_journal(tmp_path, patchy, tally=False):
        assert await ids(patchy) == {one.id}


async def test_a_ledger_that_hangs_is_one_that_is_down(
    tmp_path: Path, patchy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.02)

    async def hang(_: object) -> None:
        await asyncio.Event().wait()

    patchy.add = hang
    journal = Journal(claim(tmp_path), patchy)
    journal.write(entry())
    with pytest.raises(StoreDown, match="does not answer"):
        await journal.flush()
    journal.close()


async def test_trouble_is_said_once_when_it_begins_and_once_when_it_ends(
    tmp_path: Path,
    patchy: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.001)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.002)
    async with open_journal(tmp_path, patchy, tally=False) as journal, asyncio.timeout(PATIENCE):
        patchy.error = StoreDown("gone")
        journal.write(entry())
        while journal.store_failures < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        patchy.error = None
        while journal.unwritten:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
    began, ended = (record.message for record in caplog.records)
    assert began.startswith("the ledger: gone;")
    assert ended.startswith("the ledger: well again after ")


async def test_an_entry_that_the_ledger_never_takes_holds_up_no_other(
    tmp_path: Path, patchy: Any
) -> None:
    async with open_journal(tmp_path, patchy, tally=False) as journal:
        good, bad, fine = entry(), entry(), entry()
        patchy.hated = bad.id
        for each in (good, bad, fine):
            journal.write(each)
        await journal.flush()
        assert (await ids(patchy), journal.rejected) == ({good.id, fine.id}, 1)
        assert bad.id in (journal.slot.folder / "rejected.jsonl").read_text()


async def test_what_waits_long_is_not_kept_in_memory(
    tmp_path: Path, patchy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 500)
    monkeypatch.setattr(module, "IN_MEMORY", 1000)
    journal = Journal(claim(tmp_path), patchy)
    patchy.error = StoreDown("gone")
    many = [entry(tenant="x" * 100) for _ in range(40)]
    for each in many:
        journal.write(each)
    assert sum(len(segment._lines or ()) for segment in journal._sealed) < 10
    patchy.error = None
    await journal.flush()
    assert await ids(patchy) == {each.id for each in many}
    journal.close()


# ---------------------------------------------------------------- a disk that does not work


async def test_a_full_disk_stops_no_answer_and_the_entry_reaches_the_ledger(
    tmp_path: Path, ledger: Sqlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk takes half a line, and then no more."""
    write = os.write

    def full(fd: int, data: bytes) -> int:
        if data.startswith(b"{"):
            return write(fd, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = Journal(claim(tmp_path), ledger)
    journal.write(first := entry())
    monkeypatch.setattr(os, "write", full)
    journal.write(second := entry())
    monkeypatch.undo()
    journal.write(third := entry())
    [path] = journal.slot.segments()
    assert [line.entry for line in read(path)[0]] == [first, third]
    await journal.flush()
    assert await ids(ledger) == {first.id, second.id, third.id}
    assert journal.disk_failures == 1
    journal.close()


async def test_what_neither_disk_nor_ledger_took_until_the_end_is_said_to_be_lost(
    tmp_path: Path, patchy: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with open_journal(tmp_path, patchy, tally=False) as journal:
        patchy.error = StoreDown("gone")
        journal.write(entry())
        monkeypatch.setattr(os, "write", full)
        journal.write(entry())
        journal.write(entry())
        monkeypatch.undo()
    said = [record.getMessage() for record in caplog.records[-2:]]
    assert [each.split()[0] for each in said] == ["1", "2"]
    assert "lost" in said[1]


async def test_a_folder_that_cannot_be_written_is_said_once(
    tmp_path: Path, ledger: Sqlite, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(claim(tmp_path), ledger)
    (aside := tmp_path / "journal").rename(tmp_path / "moved")
    journal.write(entry())
    journal.write(entry())
    assert (journal.disk_failures, len(caplog.records)) == (2, 1)
    await journal.flush()
    assert len(await ids(ledger)) == 2
    assert not aside.exists()
    journal.close()


async def test_a_file_that_somebody_deleted_holds_up_no_other(
    tmp_path: Path, ledger: Sqlite, caplog: pytest.LogCaptureFixture
) -> None:
    path = killed(tmp_path, ledger, entry())
    journal = Journal(claim(tmp_path), ledger)
    os.remove(path)
    journal.write(one := entry())
    await journal.flush()
    assert await ids(ledger) == {one.id}
    assert "is gone, and what was in it" in caplog.text
    journal.close()


# ---------------------------------------------------------------- the tally


def tallied(folder: Path) -> dict[str, list[int]]:
    """What is counted of each key, in the month."""
    tally = Tally(folder / "journal" / "1" / "tally.json")
    [month] = [keys for name, keys in tally._saved.spans.items() if name.startswith("month")]
    return month


async def test_what_was_spent_here_is_counted_when_its_segment_goes(
    tmp_path: Path, ledger: Sqlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_795_000_000.0)
    async with open_journal(tmp_path, ledger, tally=True) as journal:
        journal.write(entry(key="k", input_tokens=2, output_tokens=3, cost_usd=0.5))
    assert tallied(tmp_path) == {"k": [1, 5, 500_000_000]}


async def test_a_kill_between_storing_and_counting_counts_once(
    tmp_path: Path, ledger: Sqlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_795_000_000.0)
    path = killed(tmp_path, ledger, entry(key="k"))
    data = path.read_bytes()
    async with open_journal(tmp_path, ledger, tally=True):
        pass
    path.write_bytes(data)  # as if it had been killed before the deletion
    async with open_journal(tmp_path, ledger, tally=True):
        pass
    assert tallied(tmp_path) == {"k": [1, 0, 0]}
