"""What this gateway itself has spent of each key, for as long as a calendar window lasts.

Of several gateways each must know, after a crash too, how much of the slices that it was granted
it has spent. The ledger does not tell, for all of them write there. So what is in a segment of
the journal is added here before the segment is deleted, together with the segment's number: each
entry is counted once, wherever the process is killed.
"""

import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct, field

from homeward.gateway.accounting.limits import Account
from homeward.gateway.accounting.segments import Line, Segment
from homeward.gateway.accounting.slots import replace
from homeward.gateway.accounting.trouble import LOG
from homeward.gateway.accounting.windows import NANO, PERS, around
from homeward.store.records import Window

Taken = dict[str, list[int]]


class _Saved(Struct):
    """``through`` is the last segment that was counted; ``spans`` are ``day:BEGINS`` and so on."""

    through: int = 0
    spans: dict[str, Taken] = field(default_factory=dict[str, Taken])


class Tally:
    """Saved in ``path``; see `save`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counted: list[Segment] = []
        self._saved = _Saved()
        try:
            self._saved = msgspec.json.decode(path.read_bytes(), type=_Saved)
        except FileNotFoundError:
            pass
        except msgspec.MsgspecError:
            LOG.warning("%s cannot be read: what was spent of shared limits is not known", path)

    @property
    def through(self) -> int:
        return self._saved.through

    def count(self, segment: Segment, lines: Iterable[Line]) -> None:
        """Of a segment that is stored. It stays until `save`."""
        self._counted.append(segment)
        segment.forget()
        if segment.number <= self._saved.through:
            return
        self._saved.through = segment.number
        spans = self._saved.spans
        windows = {per: around(0, per) for per in PERS}
        for line in lines:
            entry = line.entry
            if entry is None or not entry.key:
                continue
            for per, (begins, ends) in windows.items():
                if not begins <= entry.began < ends:  # seldom: it costs more than all the rest
                    begins, _ = windows[per] = around(entry.began, per)
                taken = spans.setdefault(f"{per}:{begins}", {}).setdefault(entry.key, [0, 0, 0])
                taken[0] += 1
                taken[1] += entry.tokens
                taken[2] += round((entry.cost_usd or 0.0) * NANO)

    def save(self) -> None:
        """Write it down, and only then delete the segments that are in it."""
        if not self._counted:
            return
        spans = self._saved.spans
        now = time.time()
        for name in [each for each in spans if _ends(each) <= now]:
            del spans[name]
        replace(self._path, msgspec.json.encode(self._saved))
        for segment in self._counted:
            segment.delete()
        self._counted.clear()

    def recall(self, accounts: Iterable[Account]) -> None:
        """Tell accounts what they had taken here."""
        known = {account.key.id: account for account in accounts}
        for name, keys in self._saved.spans.items():
            per, begins = _span(name)
            for key, taken in keys.items():
                if key in known:
                    known[key].recall(per, begins, taken)


def _span(name: str) -> tuple[Window, int]:
    per, _, begins = name.partition(":")
    return msgspec.convert(per, Window), int(begins)


def _ends(name: str) -> float:
    per, begins = _span(name)
    return around(begins, per)[1]
