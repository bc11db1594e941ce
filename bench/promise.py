"""Whether calibrated promises are kept on rows that they were not calibrated on.

    python bench/promise.py FOLDER [--splits 200]

FOLDER has the outcome tables gsm8k-zeroeval, gsm8k-routellm and mmlu-pro (.jsonl.gz). Over random
halves: calibrated on one, looked at on the other, counted as it is. Beside the default there are
horizon 0 (a Clopper-Pearson bound of the rate alone) and the bare mean. A promise that was kept in
less than its confidence is marked, and the exit status is 1.
"""

import argparse
import asyncio
import math
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from homeward.learn.held_out import halves, summed
from homeward.learn.scored import by_agreement, extractor_for
from homeward.learn.table import RIGHT
from homeward.learn.thresholds import Scored
from homeward.outcomes import Row, read

LLAMA, GEMMA = "Meta-Llama-3.1-8B-Instruct", "gemma-2-9b-it"
QWEN, YI, PHI = "Qwen2-7B-Instruct", "Yi-1.5-9B-Chat", "Phi-3.5-mini-instruct"
NEMO, OLD, MINI = "Mistral-Nemo-Instruct-2407", "Meta-Llama-3-8B-Instruct", "gpt-4o-mini-2024-07-18"
LARGE, FLASH = "Meta-Llama-3_1-70B-Instruct", "gemini-1.5-flash-002"
SIX = (
    *(FLASH, "Meta-Llama-3-70B", "jamba-1.5-large"),
    *("Qwen1.5-110B", "Meta-Llama-3_1-8B-Instruct", "Phi-3-mini-4k-instruct"),
)


class Setting(NamedTuple):
    table: str
    cheap: str
    checkers: tuple[str, ...]
    target: float = 0.95
    fitted: int = 0  # rows that a combination of the signals is fitted on first, and not used again


SETTINGS = (
    Setting("gsm8k-zeroeval", LLAMA, (GEMMA,)),
    Setting("gsm8k-zeroeval", LLAMA, (GEMMA, QWEN, YI)),
    Setting("gsm8k-zeroeval", LLAMA, (GEMMA, QWEN, YI, PHI, NEMO)),
    Setting("gsm8k-zeroeval", GEMMA, (LLAMA, PHI)),
    Setting("gsm8k-zeroeval", MINI, (LLAMA,)),
    Setting("gsm8k-zeroeval", MINI, (LLAMA, GEMMA, PHI)),
    Setting("gsm8k-zeroeval", "gemma-2-2b-it", (OLD, QWEN, PHI)),
    Setting("gsm8k-zeroeval", LLAMA, (GEMMA, QWEN, YI), fitted=150),
    Setting("gsm8k-zeroeval", MINI, (LLAMA, GEMMA, PHI), fitted=150),
    Setting("gsm8k-zeroeval", "gemma-2-2b-it", (OLD, QWEN, PHI), fitted=150),
    Setting("mmlu-pro", LARGE, SIX),
    Setting("mmlu-pro", LARGE, SIX, 0.9),
    Setting("mmlu-pro", LARGE, SIX, 0.8),
    Setting("mmlu-pro", LARGE, SIX, fitted=1000),
    Setting("mmlu-pro", LARGE, SIX, 0.9, fitted=1000),
    Setting("mmlu-pro", LARGE, SIX, 0.8, fitted=1000),
    Setting("gsm8k-routellm", "mixtral-8x7b-instruct", ()),
    Setting("gsm8k-routellm", "mixtral-8x7b-instruct", (), 0.7),
)


async def scored(rows: Sequence[Row], setting: Setting) -> list[Scored]:
    if not setting.checkers:  # nobody to agree with: a short answer is the better one
        return [
            Scored(-float(row.answers[setting.cheap].chars or 0), score >= RIGHT)
            for row in rows
            if (score := row.answers[setting.cheap].score) is not None
        ]
    extract = extractor_for(rows)
    plain = await by_agreement(rows, setting.cheap, setting.checkers, extract)
    return await fitted(rows, setting, plain) if setting.fitted else plain


async def fitted(rows: Sequence[Row], setting: Setting, plain: list[Scored]) -> list[Scored]:
    """The same by logistic regression over agreements and lengths: scores without ties."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    extract = extractor_for(rows)
    columns = [
        [float(each.score or 0.0) for each in await by_agreement(rows, first, [second], extract)]
        for first, second in combinations((setting.cheap, *setting.checkers), 2)
    ]
    columns.append([float(each.score or 0.0) for each in plain])
    columns.append([math.log1p(len(row.prompt)) for row in rows])
    columns.append([math.log1p(row.answers[setting.cheap].chars or 0) for row in rows])
    features = np.array(columns).T
    features = (features - features.mean(0)) / (features.std(0) + 1e-9)
    order = np.random.default_rng(0).permutation(len(rows))
    train, rest = order[: setting.fitted], order[setting.fitted :]
    right = np.array([each.right for each in plain])
    model = LogisticRegression(C=0.3, max_iter=2000).fit(features[train], right[train])
    chance = model.predict_proba(features[rest])[:, 1]
    return [Scored(float(p), bool(good)) for p, good in zip(chance, right[rest], strict=True)]


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("--splits", type=int, default=200)
    given = options.parse_args()
    tables = {
        name: list(read(given.folder / f"{name}.jsonl.gz"))
        for name in dict.fromkeys(setting.table for setting in SETTINGS)
    }
    print("| table | cheap | score | promise | kept | local | rate alone | local | mean | local |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    broken = False
    for setting in SETTINGS:
        rows = asyncio.run(scored(tables[setting.table], setting))
        found = [
            summed(
                list(halves(rows, splits=given.splits, target=setting.target, horizon=horizon)),
                setting.target,
                0.9,
            )
            for horizon in (1.0, 0.0)
        ]
        names = f"{len(setting.checkers)} checkers" if setting.checkers else "length"
        cells = [setting.table, setting.cheap, names + (", fitted" if setting.fitted else "")]
        cells.append(f"{setting.target:g}")
        for each in found:
            cells += [f"{each.kept:.1%}", f"{each.share:.1%}"]
        cells += [f"{found[0].naive_kept:.1%}", f"{found[0].naive_share:.1%}"]
        missed = found[0].kept < found[0].confidence
        broken |= missed
        print(f"| {' | '.join(cells)} |{' BROKEN' if missed else ''}", flush=True)
    return int(broken)


if __name__ == "__main__":
    raise SystemExit(main())
