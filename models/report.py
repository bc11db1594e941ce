"""Prints every number of the model card from the frozen tables, as Markdown.

python models/report.py               from the test table
python models/report.py validation    from the table that choices were made on
"""

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

import grade
from frozen import Record, path_of, read
from routes import (
    SPECIALISTS,
    Route,
    default_route,
    everyone_votes,
    flops,
    routed_specialist,
    score,
    single,
)
from shipped import router

MEMBERS = (*SPECIALISTS, "general", "draft")
ROUTES: dict[str, Route] = {
    "default route": default_route,
    "routed specialist alone": routed_specialist,
    "all six vote, no router": everyone_votes,
} | {f"{member} alone": single(member) for member in MEMBERS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="?", choices=("validation", "test"), default="test")
    table = parser.parse_args().table
    rows = read(path_of(table))
    none = read(path_of("none" if table == "test" else "none-validation"))
    for title, lines in (
        ("Right answers by member", matrix(rows)),
        ("Right answers by kind", kinds(rows)),
        ("Routes", route_table(rows)),
        ("Default route", default_details(rows)),
        ("Refusals", refusals(rows, none)),
        ("Router", router_table(rows + none)),
        ("Confidence", confidence(rows)),
        ("Baselines", baselines(rows)),
    ):
        print(f"\n### {title}\n", *lines, sep="\n")


def matrix(rows: list[Record]) -> Iterable[str]:
    groups = list(dict.fromkeys(row["group"] for row in rows))
    yield from header("member", *groups, "all")
    for member in MEMBERS:
        cells = [share([r["answers"][member]["score"] for r in rows if r["group"] == g])
                 for g in groups]  # fmt: skip
        yield line(member, *cells, share([r["answers"][member]["score"] for r in rows]))


def kinds(rows: list[Record]) -> Iterable[str]:
    yield from header("domain", "kind", "specialist", "general", "draft")
    by_kind = grouped(rows, lambda row: (row["group"], row["kind"]))
    for (group, kind), members in sorted(by_kind.items()):
        counts = [sum(r["answers"][m]["score"] for r in members) for m in (group, *MEMBERS[4:])]
        yield line(group, kind, *(f"{count}/{len(members)}" for count in counts))


def route_table(rows: list[Record]) -> Iterable[str]:
    groups = list(dict.fromkeys(row["group"] for row in rows))
    yield from header("policy", "all", *groups, "calls", "MFLOP per answer", "of general")
    reference = sum(flops(row, ("general",)) for row in rows)
    for name, route in ROUTES.items():
        outcomes = [route(row) for row in rows]
        scores = [score(row, outcome) for row, outcome in zip(rows, outcomes, strict=True)]
        cost = sum(flops(row, o.asked) for row, o in zip(rows, outcomes, strict=True))
        calls = sum(len(outcome.asked) for outcome in outcomes) / len(rows)
        by_group = [
            percent([s for s, row in zip(scores, rows, strict=True) if row["group"] == group])
            for group in groups
        ]
        yield line(
            name, share(scores), *by_group, f"{calls:.2f}",
            f"{cost / len(rows) / 1e6:.0f}", f"{cost / reference:.2f}",
        )  # fmt: skip
    oracle = [max(row["answers"][member]["score"] for member in MEMBERS) for row in rows]
    yield line("oracle: any member right", share(oracle), *[""] * (len(groups) + 3))


def default_details(rows: list[Record]) -> Iterable[str]:
    """Against the best single member, row by row, and where the calls went."""
    outcomes = [(row, default_route(row)) for row in rows]
    mine = [score(row, outcome) for row, outcome in outcomes]
    best = max(MEMBERS, key=lambda m: sum(row["answers"][m]["score"] for row in rows))
    theirs = [row["answers"][best]["score"] for row in rows]
    pairs = Counter(zip(mine, theirs, strict=True))
    asked = Counter(len(outcome.asked) for _, outcome in outcomes)
    wrong_route = sum(router.domain(row["prompt"])[0] != row["group"] for row in rows)
    yield f"- best single member: {best}, {share(theirs)}"
    yield f"- difference: {100 * (sum(mine) - sum(theirs)) / len(rows):.1f} points"
    yield f"- only the route right: {pairs[1, 0]}; only {best} right: {pairs[0, 1]}"
    yield f"- sign test on those, two-sided: p = {sign_test(pairs[1, 0], pairs[0, 1]):.1e}"
    yield f"- two members sufficed in {asked[2]} of {len(rows)}, three were asked in {asked[3]}"
    yield f"- routed to the wrong place: {wrong_route}"


def refusals(rows: list[Record], none: list[Record]) -> Iterable[str]:
    """Outside is another domain's questions (for a specialist) and general prompts."""
    unseen = [row for row in none if row["kind"].endswith("unseen template")]
    yield from header("member", "other domains", "general prompts", "of those, unseen templates",
                      "refused although in its domain")  # fmt: skip
    for member in MEMBERS:
        specialist = member in SPECIALISTS
        inside = [row for row in rows if not specialist or row["group"] == member]
        outside = [row for row in rows if specialist and row["group"] != member]
        cells = [
            share([int(grade.is_refusal(row["answers"][member]["text"])) for row in chosen])
            for chosen in (outside, none, unseen, inside)
        ]
        yield line(member, *cells)


def router_table(rows: list[Record]) -> Iterable[str]:
    yield from header("class", "recognised")
    for group, chosen in grouped(rows, lambda row: row["group"]).items():
        yield line(group, share([int(router.domain(r["prompt"])[0] == group) for r in chosen]))


def confidence(rows: list[Record]) -> Iterable[str]:
    """How well the least likely token tells right answers from wrong ones, in its own domain."""
    yield from header("member", "wrong answers", "AUROC of the least likely token")
    for member in MEMBERS:
        own = [
            row["answers"][member] for row in rows if member in (row["group"], "general", "draft")
        ]
        wrong = sum(not answer["score"] for answer in own)
        yield line(member, str(wrong), f"{auroc(own):.3f}")


def baselines(rows: list[Record]) -> Iterable[str]:
    """The most frequent answer of the validation table, given to every question of a domain."""
    validation = read(path_of("validation"))
    yield from header("domain", "always this", "right")
    for group, chosen in grouped(rows, lambda row: row["group"]).items():
        frequent = Counter(r["reference"] for r in validation if r["group"] == group)
        answer = frequent.most_common(1)[0][0]
        shown = answer.split("\n")[0]
        yield line(group, f"`{shown}`", share([int(r["reference"] == answer) for r in chosen]))


def grouped(
    rows: list[Record], key: Callable[[Record], tuple[str, ...] | str]
) -> dict[tuple[str, ...] | str, list[Record]]:
    groups = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def auroc(answers: list[dict[str, float]]) -> float:
    """Chance that a right answer is surer of itself than a wrong one; ties count half."""
    right = [answer["logprob"] for answer in answers if answer["score"]]
    wrong = [answer["logprob"] for answer in answers if not answer["score"]]
    if not right or not wrong:
        return math.nan
    surer = sum((r > w) + (r == w) / 2 for r in right for w in wrong)
    return surer / (len(right) * len(wrong))


def wilson(right: int, count: int) -> tuple[float, float]:
    """95 % interval of a share."""
    z, p = 1.96, right / count
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(p * (1 - p) / count + z * z / (4 * count**2))
    return middle - half, middle + half


def sign_test(wins: int, losses: int) -> float:
    count, least = wins + losses, min(wins, losses)
    return min(1.0, 2 * sum(math.comb(count, k) for k in range(least + 1)) / 2**count)


def share(scores: list[int]) -> str:
    """Like "190/200 = 95.0 % (91.0 to 97.3)"."""
    if not scores:
        return "-"
    low, high = wilson(sum(scores), len(scores))
    return f"{sum(scores)}/{len(scores)} = {percent(scores)} ({100 * low:.1f} to {100 * high:.1f})"


def percent(scores: list[int]) -> str:
    return f"{100 * sum(scores) / len(scores):.1f} %"


def header(*names: str) -> Iterable[str]:
    return line(*names), line(*["---"] * len(names))


def line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
