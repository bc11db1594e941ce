"""The status of an experiment, for people and for programs."""

from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from homeward.store.experiments import Plan

if TYPE_CHECKING:
    from homeward.learn.experiment.report import Status


def lines(status: "Status") -> list[str]:
    """The verdict, and what stands beside it."""
    plan = status.plan
    state = "running" if plan.is_running else "stopped"
    how = "shadow" if plan.shadow else "votes" if plan.measure == "votes" else "A/B"
    found = [f"{plan.name} ({state}, {how}): {plan.route} and {plan.against}, by {plan.measure}"]
    found.append(f"  {status.words}")
    for row in status.beside:
        if row.measure == plan.measure:  # the verdict has said it
            continue
        between = "" if row.low is None else f" ({row.low:+.3g} to {row.high:+.3g})"
        found.append(
            f"  {row.measure}: {row.control:.3g} and {row.treatment:.3g}{between}, to explore"
        )
    if (votes := status.votes) is not None:
        found.append(
            f"  people's votes: {votes.win_share:.0%} for {plan.against} ({votes.low:.0%} to "
            f"{votes.high:.0%}), of {votes.votes}; {votes.ties} ties, {votes.bad} both bad"
        )
    if status.judge is not None:
        found.append(f"  {status.judge.words}")
    if status.mixed:
        found.append(f"  {status.mixed} conversations were in both arms and are left out")
    return found


def as_json(plan: Plan) -> dict[str, Any]:
    """All but the salt, by which a hash could be told from a guess."""
    shown: dict[str, Any] = to_builtins(plan)
    del shown["salt"]
    return shown


def status_json(status: "Status") -> dict[str, Any]:
    judge = status.judge
    shown: dict[str, Any] = to_builtins(status)
    shown |= {"plan": as_json(status.plan), "words": status.words}
    if judge is not None:
        shown["judge"] |= {"trusted": judge.is_trusted, "words": judge.words}
    if status.ratio is not None:
        shown["ratio"]["fine"] = status.ratio.is_fine
    return shown
