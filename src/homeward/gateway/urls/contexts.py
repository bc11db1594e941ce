"""How long a prompt a route takes, as far as that can be known without asking a runtime."""

from homeward.backends.embedded import BOX, Embedded
from homeward.box import MEMBERS
from homeward.model import Model
from homeward.tree import leaves


def context_of(model: Model) -> int | None:
    """Tokens, question and answer together: of the shortest of a tree's models.

    None unless every one of them is known.
    """
    known = [_leaf(leaf) for leaf in leaves(model)]
    return min((each for each in known if each is not None), default=None) if all(known) else None


def _leaf(leaf: object) -> int | None:
    said = getattr(leaf, "context", None) or getattr(leaf, "num_ctx", None)
    if said is None and isinstance(leaf, Embedded) and leaf.model.startswith(BOX):
        member = MEMBERS.get(leaf.model.removeprefix(BOX))
        return member.context if member is not None else None
    return said if isinstance(said, int) else None
