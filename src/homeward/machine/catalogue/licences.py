"""What the licences of the catalogue's models ask, in short, and who read them when."""

from functools import cache

from homeward.errors import ConfigError
from homeward.machine.catalogue.catalogue import read
from homeward.machine.catalogue.entry import Licence


@cache
def _by_key() -> dict[str, Licence]:
    return {each.key: each for each in read("licences.json", tuple[Licence, ...])}


def licences() -> tuple[Licence, ...]:
    return tuple(_by_key().values())


def licence(key: str) -> Licence:
    """The licence of a publisher's tag, or of an SPDX identifier; `ConfigError` if unknown.

    Several tags may have one SPDX identifier (Llama 3.2 with and without vision); the first of
    them is meant then.
    """
    known = _by_key()
    wanted = key.strip().lower()
    named = known.get(wanted) or next((e for e in licences() if e.spdx.lower() == wanted), None)
    if named is not None:
        return named
    from difflib import get_close_matches

    near = get_close_matches(wanted, [*known, *(each.spdx for each in licences())], 3, 0.5)
    guess = f"near ones are {', '.join(near)}" if near else f"there are {', '.join(known)}"
    raise ConfigError(f"the catalogue has no licence {key!r}; {guess}")
