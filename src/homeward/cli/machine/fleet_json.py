"""What ``homeward fit --fleet NAMES --json`` prints; docs/fleet.md has every key."""

from typing import Any

from homeward.machine.fleet.packing import needs
from homeward.machine.fleet.plan import Plan
from homeward.machine.fleet.rules import predicted
from homeward.machine.fleet.written import environment


def as_json(plan: Plan) -> dict[str, Any]:
    """Sizes in bytes, times in seconds, contexts in tokens of one slot."""
    ollama, grouping, advised = plan.ollama, plan.grouping, plan.settings
    packing = plan.packing
    return {
        "models": [
            {
                "name": member.name,
                "quant": member.weights.quant,
                "context": member.context,
                "parallel": member.use.parallel,
                "kv": member.use.kv,
                "file_bytes": member.size,
                "weights_bytes": member.memory.weights.total,
                "kv_bytes": member.memory.kv,
                "compute_bytes": member.memory.compute,
                "projector_bytes": member.memory.projector,
                "overhead_bytes": member.memory.overhead,
                "needs_bytes": needs(member, plan.places[0]),
                "ollama_predicts_bytes": predicted(member.shapes, member.size, member.use.context),
                "basis": member.memory.basis,
            }
            for member in plan.members
        ],
        "memory": {
            "fits_together": plan.fits,
            "shows": plan.together,
            "places": [
                {
                    "name": place.name,
                    "gpu": place.gpu,
                    "total_bytes": place.total,
                    "budget_bytes": place.budget,
                    "used_bytes": packing.used[at] if packing else {},
                }
                for at, place in enumerate(plan.places)
            ],
        },
        "ollama": {
            "release": plan.rules.release,
            "together": ollama.together,
            "orders": ollama.orders,
            "orders_that_hold": ollama.holds,
            "first": ollama.first,
            "example": ollama.example,
            "steps": ollama.steps,
            "stay": ollama.stay,
            "reloads_each_round": ollama.reloads,
            "spill": ollama.spills,
            "fail": ollama.failed,
        },
        "turns": {
            "residents": grouping.residents,
            "groups": grouping.groups,
            "ollama_keeps_groups": plan.groups_kept,
            "alone": grouping.alone,
            "exact": grouping.exact,
            "expected_load_seconds": grouping.seconds,
            "loads": plan.loads,
            "panel": plan.panel,
        },
        "settings": {
            "reach": advised.reach,
            "changes": advised.changes,
            "order": advised.order,
            "leave_out": advised.leave_out,
            "contexts": advised.contexts,
            "environment": environment(plan),
        },
    }
