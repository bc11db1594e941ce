"""What the signals before an answer cost: CPU milliseconds of a decision at 2,000 tokens.

    python bench/signals.py

Prompts of 8,000 characters of this repository's own prose and code, of a log and of a table, as
one message and as a conversation. CPU time of the thread, the median of many runs of each prompt,
so that neighbours do not count; then median and 95th percentile over the prompts, without the
table: bare numbers are the worst case, and shown beside. A budget that is broken is marked, and
the exit status is 1.
"""

import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path

from homeward.model import Message, Request
from homeward.reading import Reading, Signal
from homeward.signals.complexity import Complexity
from homeward.signals.context import Context, Needs
from homeward.signals.language import Language
from homeward.signals.sensitivity import Sensitivity
from homeward.signals.task import Task

ROOT = Path(__file__).parents[1]
CHARACTERS = 8_000
RUNS = 40
BUDGET_MS = 1.0
SIGNALS: Mapping[str, Signal] = {
    "task": Task(),
    "complexity": Complexity(),
    "sensitivity": Sensitivity(),
    "language": Language(),
    "context": Context({"small": 8_192, "large": 131_072}),
    "needs": Needs(),
}


def prompts() -> Iterator[tuple[str, Request]]:
    prose = "".join(page.read_text() for page in sorted((ROOT / "docs").glob("*.md")))
    code = "".join(path.read_text() for path in sorted((ROOT / "src/homeward").glob("*.py")))
    log = "".join(
        f"2026-11-21 13:{i % 60:02}:07,{i:03} INFO request {i * 7919} from 10.0.{i % 256}.7 took "
        f"{i * 0.37:.3f} ms status=200\n"
        for i in range(200)
    )
    for place in range(8):
        part = prose[place * CHARACTERS : (place + 1) * CHARACTERS]
        yield "prose", Request.of(part)
        turns = [part[start : start + 500] for start in range(0, len(part), 500)]
        roles = islice(cycle(("user", "assistant")), len(turns))
        yield "talk", Request(tuple(map(Message, roles, turns)))  # type: ignore[arg-type]
        yield "code", Request.of(code[place * CHARACTERS : (place + 1) * CHARACTERS])
    yield "log", Request.of(log[:CHARACTERS])
    rows = "".join(f"{i},{i * 7919 % 100003},{i * 0.731:.4f},{i * 31337}\n" for i in range(500))
    yield "table", Request.of(rows[:CHARACTERS])


def read(signal: Signal, request: Request) -> Reading:
    """Drives the coroutine itself: these wait for nothing."""
    reading = signal(request)
    try:
        reading.__await__().send(None)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]
    raise RuntimeError("a signal before the answer waited for something")


def spent_ms(signals: Mapping[str, Signal], request: Request) -> float:
    before = time.thread_time_ns()
    for signal in signals.values():
        read(signal, request)
    return (time.thread_time_ns() - before) / 1e6


def main() -> int:
    asked = list(prompts())
    for _, request in asked:
        spent_ms(SIGNALS, request)  # what is loaded at first
    chosen = {**{name: {name: one} for name, one in SIGNALS.items()}, "all together": SIGNALS}
    broken = False
    for name, signals in chosen.items():
        by_kind: dict[str, list[float]] = {}
        for kind, request in asked:
            runs = [spent_ms(signals, request) for _ in range(RUNS)]
            by_kind.setdefault(kind, []).append(statistics.median(runs))
        usual = [ms for kind, them in by_kind.items() if kind != "table" for ms in them]
        p95 = statistics.quantiles(usual, n=20, method="inclusive")[
            -1
        ]  # none is beyond the largest
        over = name == "all together" and p95 > BUDGET_MS
        broken |= over
        kinds = "  ".join(f"{kind} {statistics.median(ms):.2f}" for kind, ms in by_kind.items())
        mark = "  OVER ITS BUDGET" if over else ""
        print(f"{name:<13} p50 {statistics.median(usual):.3f}  p95 {p95:.3f}   ({kinds}){mark}")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
