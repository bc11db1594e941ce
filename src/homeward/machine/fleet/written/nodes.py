"""A homeward.yaml: each model behind `limited`, those that take turns in one lane."""

from homeward.machine.fleet.member import Member
from homeward.machine.fleet.plan import Plan
from homeward.machine.fleet.written.notes import quoted, told


def nodes(plan: Plan) -> str:
    """All `sequential` nodes of a file share one lane, of which one model is loaded at a time.

    Models of Ollama are in it also where they fit together and Ollama would not keep them: their
    requests then come in bundles instead of pushing each other out one by one.
    """
    grouping = plan.settled_grouping
    lines = ["models:"]
    for member in plan.settled:
        runtime_evicts = plan.settings.reach != "ollama" and not member.path
        turns = member.name not in grouping.residents or (
            runtime_evicts and not grouping.groups and len(plan.settled) > 1
        )
        node = (
            f"{{limited: {{model: {_leaf(member, stays=not turns)}, at_once: {_slots(member)}}}}}"
        )
        if turns:
            node = f"{{sequential: {{model: {node}}}}}"
        lines.append(f"  {quoted(member.name)}: {node}")
    return told(plan) + "\n".join(lines) + "\n"


def _slots(member: Member) -> int:
    return member.use.parallel


def _leaf(member: Member, *, stays: bool) -> str:
    if member.path:
        packed = member.name.startswith("box/")  # wherever the package lies
        model = member.name if packed else member.path
        fields = [f"model: {quoted(model)}", f"context: {member.context}"]
        return f"{{embedded: {{{', '.join([*fields, f'parallel: {_slots(member)}'])}}}}}"
    fields = [f"model: {quoted(member.tag or member.name)}", f"num_ctx: {member.context}"]
    if stays:
        fields.append("keep_alive: -1")
    return f"{{ollama: {{{', '.join(fields)}}}}}"
