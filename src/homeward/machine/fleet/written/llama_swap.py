"""A configuration of llama-swap: a command for each model, and groups of those that run together.

As its ``config.example.yaml`` and ``config-schema.json`` have it in release 250.
"""

import shlex
from collections.abc import Iterator

from homeward.machine.fleet.member import Member
from homeward.machine.fleet.plan import Plan
from homeward.machine.fleet.written.notes import quoted, told

RELEASE = "v250"


def llama_swap(plan: Plan) -> str:
    """Residents are a persistent group; each other group makes those beside them unload."""
    lines = [f"# llama-swap {RELEASE}", "models:"]
    for member in plan.settled:
        lines += [f"  {quoted(member.name)}:", f"    cmd: {quoted(command(member))}"]
    grouping = plan.settled_grouping
    lines += ["routing:", "  router:", "    use: group", "    settings:", "      groups:"]
    if grouping.residents:
        lines += _group("residents", grouping.residents, resident=True)
    for number, group in enumerate(grouping.groups, 1):
        lines += _group(f"turn-{number}", group, resident=False)
    if grouping.residents:
        lines += ["hooks:", "  on_startup:", "    preload:"]
        lines += [f"      - {quoted(name)}" for name in grouping.residents]
    return told(plan) + "\n".join(lines) + "\n"


def _group(name: str, members: tuple[str, ...], *, resident: bool) -> Iterator[str]:
    yield f"        {quoted(name)}:"
    yield "          swap: false"
    yield f"          exclusive: {str(not resident).lower()}"
    yield f"          persistent: {str(resident).lower()}"
    yield "          members:"
    yield from (f"            - {quoted(each)}" for each in members)


def command(member: Member) -> str:
    """How llama-server is started; its ``-c`` is of all slots together.

    A model of which neither the file nor a repository is known is looked for in ``models/``.
    """
    use = member.use
    words = ["llama-server", "--port", "${PORT}"]
    if member.path or not member.repository:
        words += ["--model", member.path or f"models/{member.name.replace('/', '-')}.gguf"]
    else:
        words += ["-hf", f"{member.repository}:{member.weights.quant}"]
    words += ["-c", str(use.context), "-np", str(use.parallel), "-ub", str(use.ubatch)]
    if use.kv != "f16":
        words += ["--cache-type-k", use.kv, "--cache-type-v", use.kv]
    words += ["--flash-attn", "on" if use.flash_attention else "off"]
    if member.embeds:
        words.append("--embedding")
    return " ".join(word if word == "${PORT}" else shlex.quote(word) for word in words)
