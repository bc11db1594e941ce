"""What was decided for the last requests, kept in memory for whoever asked them."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import json
from msgspec.structs import replace

from homeward.model import Call, Candidate, Event, Usage
from homeward.store.records import Entry

DECODER = json.Decoder(list[Event])
NOTHING = b"[]"


@dataclass(eq=False)
class Decisions:
    """The last requests, as many as are at most ``most`` and ``most_bytes`` in all.

    Notes are kept as JSON, which makes their bytes countable and spares the garbage collector.
    """

    most: int = 1000
    most_bytes: int = 8 * 2**20
    _kept: "OrderedDict[str, tuple[Entry, bytes]]" = field(default_factory=OrderedDict, repr=False)
    _bytes: int = field(default=0, repr=False)

    def keep(self, entry: Entry, notes: Sequence[Event], *, contents: bool = False) -> None:
        """Candidates lose their texts, unless contents are kept: they are what was said."""
        told = [
            note for note in notes if not isinstance(note, Call | Usage)
        ]  # those are the entry's
        if not contents:
            told = [silent(note) if isinstance(note, Candidate) else note for note in told]
        data = json.encode(told) if told else NOTHING
        self._bytes += len(data)
        self._kept[entry.id] = (entry, data)
        while len(self._kept) > self.most or self._bytes > self.most_bytes:
            self._bytes -= len(self._kept.popitem(last=False)[1][1])

    def find(self, request: str) -> tuple[Entry, list[Event]] | None:
        if request not in self._kept:
            return None
        entry, data = self._kept[request]
        return entry, DECODER.decode(data)


def silent(candidate: Candidate) -> Candidate:
    """Who it was of and whether it was kept, without its words."""
    return replace(candidate, text="", extracted=None)
