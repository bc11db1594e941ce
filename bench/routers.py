"""How good learned routers are on rows that they were not trained on, beside the baselines.

    python bench/routers.py FOLDER [--seeds 5] [--only TABLE]
    python bench/routers.py FOLDER --decision

FOLDER has the outcome tables that `SETTINGS` names (.jsonl.gz). Over random splits, one a seed:
trained on one part as `homeward learn` does it, measured on the rest as `homeward evaluate` does
it; one markdown table of means. Splits of one table are in-domain: elsewhere a router is worse, or
abstains. ``--decision`` instead says what one takes at 2,000 tokens, and exits with 1 where the
95th percentile of the CPU time is a millisecond or more.
"""

import argparse
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from homeward.learn.routed import RouterReport, measure
from homeward.learn.train.fit import train
from homeward.outcomes import Row, read
from homeward.signals.learned.router import LearnedRouter

PAIR = ("mixtral-8x7b-instruct", "gpt-4-1106-preview")
LLAMA = ("Meta-Llama-3.1-8B-Instruct", "gpt-4o-2024-08-06")
CHECKERS = ("gemma-2-9b-it", "Qwen2-7B-Instruct", "Phi-3.5-mini-instruct")
PRICES: Mapping[str, float] = {
    "Meta-Llama-3_1-8B-Instruct": 0.1,
    "Phi-3-mini-4k-instruct": 0.1,
    "Mistral-7B-Instruct-v0.2": 0.2,
    "gemini-1.5-flash-002": 0.3,
    "Mixtral-8x7B-Instruct-v0.1": 0.6,
    "c4ai-command-r-v01": 0.6,
    "Meta-Llama-3_1-70B-Instruct": 0.9,
    "Qwen1.5-72B-Chat": 0.9,
    "gemini-1.5-pro-002": 5.0,
    "jamba-1.5-large": 8.0,
}
"""USD per million tokens of an answer, about what was asked for them in 2024."""


class Setting(NamedTuple):
    """``labels`` is how many rows are trained on, or the share of all of them.

    No ``models`` are all that the table has.
    """

    table: str
    about: str
    labels: int | float
    models: tuple[str, ...] = ()
    prices: Mapping[str, float] | None = None
    with_answer: bool = False
    checkers: tuple[str, ...] = ()


SETTINGS = (
    Setting("mmlu-routellm", "prompt only", 1_500, PAIR),
    Setting("gsm8k-routellm", "prompt only", 0.5, PAIR),
    Setting("gsm8k-routellm", "prompt only", 0.8, PAIR),
    Setting("gsm8k-routellm", "with the weak answer", 0.5, PAIR, with_answer=True),
    Setting("gsm8k-routellm", "with the weak answer", 0.8, PAIR, with_answer=True),
    Setting("gsm8k-zeroeval", "three checkers", 0.5, LLAMA, checkers=CHECKERS),
    Setting("llmrouter-train", "nine models", 0.7),
    Setting("mmlu-pro", "ten models", 0.7, tuple(PRICES), PRICES),
)
OF_TWO = ("apgr", "cpt50", "cpt80")
OF_SEVERAL = ("aiq", "cost_saved_at_best_single", "accuracy_at_best_single_cost", "accuracy")
BASELINES = ("random", "length", "best_single", "hull", "oracle")
CHARACTERS = 8_000  # about 2,000 tokens
TEXTS, RUNS = 200, 9
BUDGET_MS = 1.0


def split(rows: Sequence[Row], setting: Setting, seed: int) -> tuple[Sequence[Row], Sequence[Row]]:
    order = random.Random(seed).sample(list(rows), len(rows))
    is_share = isinstance(setting.labels, float)
    labels = int(setting.labels * len(rows)) if is_share else int(setting.labels)
    return order[:labels], order[labels:]


def trained(rows: Sequence[Row], setting: Setting, seed: int) -> LearnedRouter:
    return train(
        rows,
        setting.models or sorted(rows[0].answers),
        prices=setting.prices,
        with_answer=setting.with_answer,
        checkers=setting.checkers,
        seed=seed,
    )


def table(folder: Path, settings: Sequence[Setting], seeds: int) -> None:
    columns = ("table", "setting", "labels", "measure", "router", *BASELINES)
    print(f"| {' | '.join(columns)} |".replace("_", " "))
    print("|---|---|---|---|" + "---|" * (len(columns) - 4))
    for setting in settings:
        rows = list(read(folder / f"{setting.table}.jsonl.gz"))
        reports: list[RouterReport] = []
        for seed in range(seeds):
            labelled, rest = split(rows, setting, seed)
            reports.append(measure(trained(labelled, setting, seed), rest))
        for name in OF_TWO if len(reports[0].models) == 2 else OF_SEVERAL:
            own = [getattr(report, name, None) for report in reports]
            cells = [setting.table, setting.about, f"{reports[0].labels:,}", name.replace("_", " ")]
            cells.append(mean(own, spread=True))
            for baseline in BASELINES:
                found = [report.baselines.get(baseline) for report in reports]
                cells.append(mean([getattr(each, name, None) for each in found]))
            print(f"| {' | '.join(cells)} |", flush=True)


def mean(values: Sequence[float | None], *, spread: bool = False) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return ""
    around = f" ± {statistics.pstdev(known):.3f}" if spread and len(known) > 1 else ""
    return f"{statistics.fmean(known):.3f}{around}"


# ---------------------------------------------------------------- how long a decision takes


def decision(folder: Path, settings: Sequence[Setting]) -> bool:
    """Whether the budget is kept. CPU time, the median of some runs of each text, so that
    neighbours do not count; then median and 95th percentile over the texts.
    """
    print("| table | models | ms p50 | ms p95 |")
    print("|---|---|---|---|")
    kept = True
    for setting in settings:
        rows = list(read(folder / f"{setting.table}.jsonl.gz"))
        router = trained(split(rows, setting, 0)[0], setting, 0)
        taken = [statistics.median(spent_ms(router, text)) for text in islice(texts(rows), TEXTS)]
        ends = statistics.quantiles(taken, n=100, method="inclusive")
        over = ends[94] >= BUDGET_MS
        kept &= not over
        cells = (setting.table, str(len(router.models)), f"{ends[49]:.2f}", f"{ends[94]:.2f}")
        print(f"| {' | '.join(cells)} |{' OVER' if over else ''}", flush=True)
    return kept


def spent_ms(router: LearnedRouter, text: str) -> Iterator[float]:
    for _ in range(RUNS):
        before = time.thread_time_ns()
        router.predict(text)
        yield (time.thread_time_ns() - before) / 1e6


def texts(rows: Sequence[Row]) -> Iterator[str]:
    """Prompts joined to `CHARACTERS`, over and over."""
    whole = "\n".join(row.prompt for row in rows)
    while len(whole) < 4 * CHARACTERS:
        whole += "\n" + whole
    place = 0
    while True:
        yield whole[place : place + CHARACTERS]
        place = (place + 1_237) % (len(whole) - CHARACTERS)


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--only", help="One of the tables.")
    options.add_argument("--decision", action="store_true")
    given = options.parse_args()
    settings = [each for each in SETTINGS if given.only in (None, each.table)]
    if given.decision:
        last = {each.table: each for each in settings if not (each.with_answer or each.checkers)}
        return int(not decision(given.folder, list(last.values())))
    table(given.folder, settings, given.seeds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
