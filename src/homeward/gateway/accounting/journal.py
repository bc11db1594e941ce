"""The journal: an entry is in a file before the client has its answer, and in the ledger later.

`write` appends a line and waits for nothing else. In the background what was written since the
last time goes to the ledger as one segment, and the segment's file is deleted when all of it is
there. A ledger that is down, slow or hangs only makes segments pile up; what a killed process
left is stored by the next one. The ledger knows its entries by id, so twice is once.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

from homeward.gateway.accounting.segments import ENCODER, Line, Segment, leftover
from homeward.gateway.accounting.slots import Slot, abandoned, claim
from homeward.gateway.accounting.tally import Tally
from homeward.gateway.accounting.trouble import LOG, Trouble
from homeward.gateway.beside import beside
from homeward.model import Seconds
from homeward.store.protocols import Ledger, StoreDown
from homeward.store.records import Contents, Entry

T = TypeVar("T", Entry, Contents)

PAUSE: Seconds = 0.2  # between two visits to the ledger
LONGEST_PAUSE: Seconds = 5.0  # while it is down
PATIENCE: Seconds = 5.0  # with one batch
LAST_PATIENCE: Seconds = 3.0  # with everything, at the end
ROUNDS: Seconds = 5.0  # between two writings of the tally, and looks for what others left
BATCH = 100  # entries told at once: making rows of them keeps the loop from answers meanwhile
LARGEST = 2**20  # bytes of a segment
IN_MEMORY = 32 * 2**20  # bytes of segments; beyond it they are read from their files again


class Journal:
    """Made by `open_journal`.

    ``unwritten`` are things not in the ledger yet. ``store_failures`` are attempts to store some,
    ``disk_failures`` lines that the disk did not take (they are in memory until they are stored),
    ``rejected`` those that the ledger never takes: they are put into ``rejected.jsonl``.
    """

    def __init__(self, slot: Slot, ledger: Ledger, tally: Tally | None = None) -> None:
        self.slot = slot
        self.tally = tally
        self.unwritten = 0
        self.rejected = 0
        self._ledger = ledger
        self._ledger_trouble = Trouble("the ledger", f"what is new waits in {slot.folder}")
        self._disk_trouble = Trouble("the journal", f"make room for {slot.folder}")
        self._sealed: deque[Segment] = deque()
        for path in slot.segments():
            segment, lost = leftover(path)
            if lost:
                LOG.warning("%s: %d bytes of a line that was not ended are dropped", path, lost)
            self._sealed.append(segment)
            self.unwritten += segment.count
        last = max([0 if tally is None else tally.through, *(s.number for s in self._sealed)])
        self._number = max(last, int(time.time()))  # above whatever was counted in a tally
        self._open = self._new()
        self._moving = asyncio.Lock()

    @property
    def store_failures(self) -> int:
        return self._ledger_trouble.failures

    @property
    def disk_failures(self) -> int:
        return self._disk_trouble.failures

    @property
    def missing(self) -> int:
        """What is not in the ledger, and for want of room not in a file either."""
        return sum(segment.missing for segment in (*self._sealed, self._open))

    def write(self, entry: Entry) -> None:
        """Keep it, surely against a SIGKILL. Does not wait for a store, and never fails."""
        self._append(Line(entry=entry))

    def keep(self, contents: Contents) -> None:
        """Keep what was said, as surely."""
        self._append(Line(contents=contents))

    async def flush(self) -> None:
        """Until all that is written by now is in the ledger. StoreDown."""
        async with self._moving:
            self._seal()
            while self._sealed:
                segment = self._sealed[0]
                try:
                    lines = segment.load()
                except FileNotFoundError:
                    LOG.warning("%s is gone, and what was in it is lost", segment.path)
                    lines = []
                await self._store(lines)
                self._sealed.popleft()
                self.unwritten -= segment.count
                if self.tally is None:
                    segment.delete()
                else:
                    self.tally.count(segment, lines)

    async def run(self) -> None:
        """Visit the ledger again and again."""
        pause, rounds = PAUSE, time.monotonic()
        while True:
            await asyncio.sleep(pause)
            try:
                await self.flush()
                if time.monotonic() - rounds > ROUNDS:
                    rounds = time.monotonic()
                    self.save()
                    await adopt(
                        self.slot.folder.parent.parent, self._ledger, self.tally is not None
                    )
            except (StoreDown, OSError) as error:
                self._ledger_trouble.failed(error)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._ledger_trouble.succeeded()
                pause = PAUSE

    def save(self) -> None:
        """Write the tally, where there is one."""
        if self.tally is not None:
            try:
                self.tally.save()
            except OSError as error:
                self._disk_trouble.failed(error)

    def close(self) -> None:
        """What is not in the ledger is there at the next start."""
        self.save()
        self._open.seal()
        self.slot.close()

    # ------------------------------------------------------------ the files

    def _append(self, line: Line) -> None:
        self.unwritten += 1
        try:
            self._open.append(line)
        except (OSError, UnicodeError) as error:
            self._disk_trouble.failed(error)
        else:
            self._disk_trouble.succeeded()
        if self._open.size > LARGEST:
            self._seal()

    def _new(self) -> Segment:
        self._number += 1
        return Segment(self.slot.folder / f"{self._number:012d}.jsonl")

    def _seal(self) -> None:
        if not self._open.count:
            return
        self._open.seal()
        self._sealed.append(self._open)
        self._open = self._new()
        if sum(segment.size for segment in self._sealed) > IN_MEMORY:
            for segment in self._sealed:
                segment.forget()

    # ------------------------------------------------------------ the ledger

    async def _store(self, lines: Sequence[Line]) -> None:
        entries = [line.entry for line in lines if line.entry is not None]
        contents = [line.contents for line in lines if line.contents is not None]
        for start in range(0, len(entries), BATCH):
            await self._tell(self._ledger.add, entries[start : start + BATCH])
        for start in range(0, len(contents), BATCH):
            await self._tell(self._ledger.add_contents, contents[start : start + BATCH])

    async def _tell(self, add: Callable[[Sequence[T]], Awaitable[None]], batch: list[T]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await add(batch)
        except StoreDown:
            raise
        except TimeoutError:
            raise StoreDown(f"does not answer within {PATIENCE:g} s") from None
        except Exception as error:
            if len(batch) > 1:  # one of them is not to its liking: the others are not its hostages
                for each in batch:
                    await self._tell(add, [each])
            else:
                self._reject(batch[0], error)

    def _reject(self, one: Entry | Contents, error: Exception) -> None:
        self.rejected += 1
        path = self.slot.folder / "rejected.jsonl"
        LOG.warning("the ledger does not take %s, now in %s: %r", one.id, path, error)
        with suppress(OSError), path.open("ab") as file:
            file.write(ENCODER.encode(one) + b"\n")


@asynccontextmanager
async def open_journal(folder: Path, ledger: Ledger, *, tally: bool) -> AsyncGenerator[Journal]:
    """A journal in a data folder, when all that was left there is in the ledger.

    ``tally`` is for one of several gateways that share their limits. StoreDown, OSError.
    """
    slot = claim(folder)
    journal = Journal(slot, ledger, Tally(slot.folder / "tally.json") if tally else None)
    try:
        await journal.flush()
        await adopt(folder, ledger, tally)
        try:
            async with beside(journal.run()):
                yield journal
        finally:
            try:
                async with asyncio.timeout(LAST_PATIENCE):
                    await journal.flush()
            except (StoreDown, TimeoutError):
                lost = journal.missing
                LOG.warning(
                    "%d entries wait in %s, and are stored at the next start",
                    journal.unwritten - lost,
                    slot.folder,
                )
                if lost:
                    LOG.warning("%d entries are lost: neither disk nor ledger took them", lost)
    finally:
        journal.close()


async def adopt(folder: Path, ledger: Ledger, tally: bool) -> None:  # noqa: FBT001  of one caller
    """Store what gateways left that are gone. StoreDown."""
    for slot in abandoned(folder):
        journal = Journal(slot, ledger, Tally(slot.folder / "tally.json") if tally else None)
        try:
            await journal.flush()
        finally:
            journal.close()
