"""What the first lines of each written file say."""

from collections.abc import Iterator

from homeward.machine.fleet.plan import Plan


def notes(plan: Plan) -> Iterator[str]:
    """In words, without the comment's mark; the first says what the file is for."""
    names = ", ".join(member.name for member in plan.members)
    yield f"For {names}"
    for change in plan.settings.changes:
        yield f"Changed so that they fit together: {change}"
    grouping = plan.settled_grouping
    if grouping.groups:
        turns = "; ".join(" with ".join(group) for group in grouping.groups)
        yield f"These take turns: {turns}"
        if grouping.residents:
            yield f"These stay: {', '.join(grouping.residents)}"
    if plan.settings.reach == "memory" and not plan.settings.leave_out:
        yield (
            f"They fit together, but Ollama {plan.rules.release} would not keep them: it predicts "
            "more than they take"
        )


def told(plan: Plan, mark: str = "# ") -> str:
    return "".join(f"{mark}{line.replace(chr(10), ' ')}\n" for line in notes(plan))


def quoted(text: str) -> str:
    """A string of JSON, which is one of YAML too."""
    import msgspec

    return msgspec.json.encode(text).decode()
