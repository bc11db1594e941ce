"""What ``policy:`` in the configuration file may demand of the models that its routes ask.

A route that breaks it is refused when the file is loaded, before anything is asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from homeward.errors import ConfigError, ModelMissing
from homeward.machine.catalogue import licence, parse
from homeward.machine.catalogue.entry import Licence
from homeward.model import Clearance, Model
from homeward.tree import children_of

HOSTED: Literal["hosted"] = "hosted"
"""In the place of a licence: a service's, whose weights nobody here has."""


@dataclass(frozen=True)
class LicencePolicy:
    """Which licences the weights of models may have.

    ``commercial`` are the answers that are allowed to the question whether commercial use is:
    ``yes``, ``conditional``, ``no``, ``unknown`` (all of them, if none is given). ``forbid`` are
    licences that are not allowed, by SPDX identifier or by the tag that publishers use.
    """

    commercial: Sequence[Literal["yes", "conditional", "no", "unknown"]] = ()
    forbid: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in self.forbid:
            licence(name)

    def broken(self, known: Licence | None) -> str:
        """Which clause a model of this licence breaks, and empty if none. None is not known."""
        commercial = known.commercial if known else "unknown"
        if self.commercial and commercial not in self.commercial:
            return f"`policy.licence.commercial` allows {', '.join(self.commercial)}"
        for name in self.forbid if known else ():
            if known and {name.lower(), licence(name).spdx.lower()} & _called(known):
                return f"`policy.licence.forbid` has {name}"
        return ""


@dataclass(frozen=True)
class Policy:
    """What the file demands of its models.

    ``licence`` is about the weights that run on your machines; hosted services are not concerned.
    ``licences`` are those of models that the catalogue does not know, or has wrong, by their name
    in this file or by what the runtime calls them; ``hosted`` says that it is a service.
    """

    licence: LicencePolicy = field(default_factory=LicencePolicy)
    licences: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        for said in self.licences.values():
            if said != HOSTED:
                licence(said)

    def problems(self, models: Mapping[str, Model]) -> Iterator[tuple[str, str]]:
        """A name of the file and a sentence, for each model there that breaks it."""
        names = {id(model): name for name, model in reversed([*models.items()])}
        asked: dict[int, tuple[Model, list[str]]] = {}
        for route, model in models.items():
            for leaf in leaves(model):
                asked.setdefault(id(leaf), (leaf, []))[1].append(route)
        for each, (leaf, routes) in asked.items():
            name = names.get(each, "")
            if sentence := self._sentence(leaf, name, [r for r in routes if r != name]):
                yield name or routes[0], sentence

    def _sentence(self, leaf: Model, name: str, routes: Sequence[str]) -> str:
        called = str(getattr(leaf, "model", ""))
        known = self.of(leaf, name)
        clause = "" if isinstance(known, str) else self.licence.broken(known)
        if isinstance(known, str) or not clause:
            return ""
        who = f"model {name!r} ({called})" if name else f"model {called!r}"
        by = f", which route {', '.join(map(repr, routes))} asks," if routes else ""
        if known is None:
            mend = f"say it as `policy: {{licences: {{{name or called}: ...}}}}`, or {HOSTED} there"
            return f"{who}{by} has a licence that nobody here knows, and {clause}; {mend}"
        conditions = "; ".join(known.conditions)
        mend = "choose another model, or change the policy"
        return f"{who}{by} is under the {known.name} ({known.spdx}: {conditions}); {clause}: {mend}"

    def of(self, leaf: Model, name: str = "") -> Licence | Literal["hosted"] | None:
        """The licence of a leaf's weights, `HOSTED` where it has none here, None if not known."""
        called = str(getattr(leaf, "model", ""))
        said = self.licences.get(name) or self.licences.get(called)
        if said:
            return HOSTED if said == HOSTED else licence(said)
        if not _has_weights(leaf):
            return HOSTED
        if called.startswith("box/"):
            return licence("apache-2.0")
        if called == "minilm":
            return licence(parse("all-MiniLM-L6-v2").entry.licence)
        try:
            return licence(parse(_bare(called)).entry.licence)
        except (ModelMissing, ConfigError):
            return None


def leaves(model: Model) -> Iterator[Model]:
    """The models that a tree asks in the end."""
    below = [child for _, child in children_of(model)]
    if not below:
        yield model
    for child in below:
        yield from leaves(child)


def _has_weights(leaf: Model) -> bool:
    """Whether it runs weights that somebody here has fetched; not those of a service."""
    from homeward.backends.embedded import Embedded
    from homeward.backends.ollama import Ollama
    from homeward.backends.ollama_server import is_cloud
    from homeward.backends.openai import OpenAI

    match leaf:
        case Embedded():
            return True
        case Ollama():
            return not is_cloud(leaf.model)
        case OpenAI():
            own = leaf.base_url is None or leaf.preset.is_own(leaf.base_url)
            return not (own and leaf.preset.where is Clearance.WORLD)
        case _:
            return False


def _bare(called: str) -> str:
    """``org/repo:file.gguf`` is called by its file."""
    _, colon, file = called.rpartition(":")
    return file if colon and file.lower().endswith(".gguf") else called


def _called(known: Licence) -> set[str]:
    """Its tag and its SPDX identifiers; a model under two licences has both."""
    return {known.key.lower(), known.spdx.lower(), *known.spdx.lower().split(" and ")}
