"""What ``policy:`` in the configuration file may demand of the models that its routes ask.

A route that breaks it is refused when the file is loaded, before anything is asked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from homeward.errors import ConfigError, HomewardError, ModelMissing
from homeward.machine.catalogue import licence, parse
from homeward.machine.catalogue.entry import Licence
from homeward.model import Clearance, Model
from homeward.tree import leaves

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
        """Of the first of its weights that break it; empty where none do."""
        found = (self._broken(each, leaf, name, routes) for each in weights(leaf))
        return next(filter(None, found), "")

    def _broken(self, called: str, leaf: Model, name: str, routes: Sequence[str]) -> str:
        own = self.of(leaf, name, called)
        if isinstance(own, str):
            return ""
        known, clause = own, self.licence.broken(own)
        if known is None and not clause:
            known = next((each for each in likely(called) if self.licence.broken(each)), None)
            clause = self.licence.broken(known) if known else ""
        if not clause:
            return ""
        who = f"model {name!r} ({called})" if name else f"model {called!r}"
        by = f", which route {', '.join(map(repr, routes))} asks," if routes else ""
        if known is None:
            mend = f"say it as `policy: {{licences: {{{name or called}: ...}}}}`, or {HOSTED} there"
            return f"{who}{by} has a licence that nobody here knows, and {clause}; {mend}"
        conditions = "; ".join(known.conditions)
        mend = "choose another model, or change the policy"
        return f"{who}{by} is under the {known.name} ({known.spdx}: {conditions}); {clause}: {mend}"

    def of(
        self, leaf: Model, name: str = "", called: str = ""
    ) -> Licence | Literal["hosted"] | None:
        """The licence of a leaf's weights, `HOSTED` where it has none here, None if not known.

        ``called`` is which of its weights, where it has more than its model's.
        """
        own = str(getattr(leaf, "model", ""))
        called = called or own
        named = self.licences.get(name) or self.licences.get(own)  # what is said of the model
        said = self.licences.get(called) or (named if called == weights(leaf)[0] else None)
        if said:
            return HOSTED if said == HOSTED else licence(said)
        if not _has_weights(leaf):
            return HOSTED
        if packaged := _packaged(leaf, called):
            return licence(packaged)
        return next(filter(None, map(_listed, _ways(called))), None) or _of_header(called)


def weights(leaf: Model) -> tuple[str, ...]:
    """What the weights are called that a leaf runs: of a variant those that it was made from."""
    from homeward.backends.embedded import Embedded

    if isinstance(leaf, Embedded):
        with suppress(HomewardError):  # whoever asks a variant that is damaged will be told
            leaf = leaf.settled()
        return (leaf.model, leaf.draft) if leaf.draft else (leaf.model,)
    return (str(getattr(leaf, "model", "")),)


def likely(called: str) -> Iterator[Licence]:
    """Of models with such a name, where nobody knows this one: enough to forbid, not to allow."""
    parts = re.split(r"[/:]", called.lower())
    tries = [":".join(parts[-2:])]
    for part in reversed(parts):
        words = re.split(r"[-_ ]", part)
        tries += ["-".join(words[:count]) for count in range(len(words), 0, -1)]
    yield from filter(None, map(_listed, tries))


def _has_weights(leaf: Model) -> bool:
    """Whether it runs weights that somebody here has fetched; not those of a service."""
    from homeward.backends import anthropic, replicate
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
        case anthropic.Anthropic():
            return leaf.base_url != anthropic.HOSTED
        case replicate.Replicate():
            return leaf.base_url != replicate.HOSTED
        case _:
            return False


def _packaged(leaf: Model, called: str) -> str:
    """The licence of what comes with the package; empty for anything else."""
    from homeward.backends.embedded import Embedded

    if not isinstance(leaf, Embedded):  # another runtime's model may be called the same
        return ""
    if called.startswith("box/"):
        return "apache-2.0"
    return parse("all-MiniLM-L6-v2").entry.licence if called == "minilm" else ""


def _ways(called: str) -> Iterator[str]:
    """``org/repo:file.gguf`` is called by its file, else by its repository."""
    repository, colon, file = called.rpartition(":")
    if colon and file.lower().endswith(".gguf"):
        yield file
        yield repository
    else:
        yield called


def _listed(name: str) -> Licence | None:
    """As the catalogue has it."""
    try:
        return licence(parse(name).entry.licence)
    except (ModelMissing, ConfigError):
        return None


def _of_header(called: str) -> Licence | None:
    """What a file that is here says of itself; its name told nothing."""
    if not called.lower().endswith(".gguf") or not Path(called).is_file():
        return None
    from homeward.backends.gguf import read_header

    with suppress(HomewardError):
        header = read_header(Path(called))
        if known := _listed(header.name):
            return known
        return licence(header.license) if header.license else None
    return None


def _called(known: Licence) -> set[str]:
    """Its tag and its SPDX identifiers; a model under two licences has both."""
    return {known.key.lower(), known.spdx.lower(), *known.spdx.lower().split(" and ")}
