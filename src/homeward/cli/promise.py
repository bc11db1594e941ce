"""A promise and how it held, in a few lines for people."""

from pathlib import Path
from typing import TYPE_CHECKING

from homeward.cli.text import printable

if TYPE_CHECKING:
    from homeward.learn.held_out import Splits
    from homeward.signals.promise import Promise


def show(made: "Promise", tried: "Splits | None", out: Path | None) -> None:
    """A few lines; ``--json`` has all of it."""
    print(f"{printable(made.about)}: {made.rows} rows, right by {printable(made.right_by)}")
    if made.auroc is not None:
        print(f"a right answer scores above a wrong one {made.auroc:.0%} of the times (AUROC)")
    parts = {**made.groups, **({"": made.rest} if made.rest.rows else {})}
    for name, part in parts.items():
        of = printable(name) if name else ("all others" if made.groups else "kept")
        if part.threshold is None:
            hint = (
                f"about {part.needs} rows would do, if they are like these"
                if part.needs is not None
                else "more rows would not help: even the surest answers are not right often enough"
            )
            print(f"{of}: nothing can be promised on {part.rows} rows; {hint}")
            continue
        print(
            f"{of}: score >= {part.threshold:.4g} keeps {part.kept} of {part.rows}, "
            f"{part.wrong} of them wrong: at most {part.bound:.1%}, "
            f"at {part.confidence:.1%} confidence"
        )
    if tried is not None:
        print(
            f"on {tried.splits} random halves the promise was kept in {tried.kept:.1%}, with "
            f"{tried.share:.1%} kept local; without a bound in {tried.naive_kept:.1%}, with "
            f"{tried.naive_share:.1%}"
        )
    if out is not None:
        print(f"written to {out}; use it with accept: {{promised: {{check: ..., path: {out}}}}}")
