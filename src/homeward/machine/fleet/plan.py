"""A set of models on one machine: what fits, what Ollama does, who takes turns, what would help.

    found = plan(members, hardware, server)

Pure: the same twice. docs/fleet.md tells what each part means.
"""

from collections.abc import Sequence

from msgspec import Struct

from homeward.errors import ConfigError
from homeward.machine.fleet.admission import Admission
from homeward.machine.fleet.grouping import Grouping, group
from homeward.machine.fleet.loading import Load, Panel, loads, panel
from homeward.machine.fleet.member import Member
from homeward.machine.fleet.orders import Kept, Together, kept
from homeward.machine.fleet.packing import Packing, Place, pack, places
from homeward.machine.fleet.rules import OLLAMA_RULES, OllamaRules
from homeward.machine.fleet.server import Server
from homeward.machine.fleet.settings import Settings, settings
from homeward.machine.hardware import Hardware

PROMPTS = 100
"""Of the panel that turns are reckoned for, where nobody says another number."""


class Plan(Struct, frozen=True, kw_only=True):
    """``packing`` is that of all together, or of the residents with the first group.

    ``groups_kept`` is for each group whether Ollama keeps it loaded beside the residents.
    """

    members: tuple[Member, ...]
    server: Server
    rules: OllamaRules
    places: tuple[Place, ...]
    fits: bool
    packing: Packing | None
    ollama: Kept
    grouping: Grouping
    groups_kept: tuple[Together, ...]
    loads: tuple[Load, ...]
    panel: Panel
    settings: Settings
    settled: tuple[Member, ...]  # all of them, with those settings
    settled_grouping: Grouping

    @property
    def together(self) -> tuple[str, ...]:
        """Whom `packing` shows."""
        groups = self.grouping.groups
        return (*self.grouping.residents, *(groups[0] if groups else ()))


def plan(
    members: Sequence[Member],
    hardware: Hardware,
    server: Server | None = None,
    *,
    prompts: int = PROMPTS,
    rules: OllamaRules = OLLAMA_RULES,
) -> Plan:
    """ConfigError for a set in which a name stands twice, or which is empty."""
    if not members:
        raise ConfigError("a fleet needs models; name some, as in --fleet small,coder,deep")
    names = [member.name for member in members]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigError(f"{twice!r} is named twice; Ollama holds a model once, so name it once")
    server = server or Server()
    whole = pack(members, hardware)
    costs = loads(members, hardware)
    grouping = group(members, hardware, costs)
    first = grouping.groups[0] if grouping.groups else ()
    shown = {*grouping.residents, *first}
    ollama = Admission(hardware, server, rules)
    beside = [{*grouping.residents, *each} for each in grouping.groups]
    advised, changed = settings(members, hardware, server, rules)
    settled = tuple(changed) if advised.changes else tuple(members)
    then = group(settled, hardware, costs) if advised.changes else grouping
    return Plan(
        members=tuple(members),
        server=server,
        rules=rules,
        places=places(hardware),
        fits=whole is not None,
        packing=whole or pack([m for m in members if m.name in shown], hardware),
        ollama=kept(members, ollama),
        grouping=grouping,
        groups_kept=tuple(
            kept([m for m in members if m.name in each], ollama).together for each in beside
        ),
        loads=costs,
        panel=panel(grouping.groups, costs, prompts),
        settings=advised,
        settled=settled,
        settled_grouping=then,
    )
