"""One file: what it says, checked, and the tree that it opens."""

import os
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from homeward.config import kinds
from homeward.config.build import Around, Builder
from homeward.config.grammar import LONGEST, dump
from homeward.config.items import Item, Place, Problem
from homeward.config.paths import NAME, find
from homeward.config.shapes import shape_of
from homeward.config.source import read
from homeward.config.values import expects, guess, scalar, shown
from homeward.errors import ConfigError
from homeward.model import Clearance, Model

KEYS = ("models", "default", "clearance", "policy", "serve")


class WrongFile(ConfigError):
    """Everything that is wrong in one file; ``str()`` has a line for each problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Config:
    """A file that was found right. It holds no connection and no process; `open` does.

    ``models`` are the nodes as written, by name. ``origin`` is for people to read, ``base`` is
    the directory that relative paths start from. ``serve`` are the gateway's `Settings`,
    ``policy`` is a `homeward.policy.Policy`, or None where the file has none.
    """

    models: Mapping[str, Item]
    default: str
    clearance: Clearance
    origin: str
    base: Path
    serve: Any = None
    served: Item | None = None  # as written
    policy: Any = None
    demanded: Item | None = None  # the policy as written

    @asynccontextmanager
    async def open(self, around: Around | None = None) -> AsyncGenerator[Mapping[str, Model], None]:
        """The models by name, over one pool of connections, one of child processes, one cache.

        ``around`` is put around each leaf, once; the tree is the same otherwise.
        What is open is closed at the end of the block, in the reverse order.
        """
        shared: dict[str, Any] = {}

        def resource(name: str) -> object:
            if name not in shared:
                shared[name] = kinds.load(kinds.RESOURCES[name])()
            return shared[name]

        models = _built(Builder(self.models, self.base, resource, around))
        async with AsyncExitStack() as stack:
            for held in shared.values():
                if hasattr(held, "__aenter__"):
                    await stack.enter_async_context(held)
            yield models

    def with_models(self, nodes: Mapping[str, Any]) -> "Config":
        """With further models, as plain values; one of the same name is replaced."""
        item, problems = read(msgspec.json.encode(nodes).decode(), "what was added", None)
        if problems or item is None or not isinstance(item.value, dict):
            raise WrongFile(problems)
        config = replace(self, models={**self.models, **item.value})
        built = _built(Builder(config.models, config.base))
        if broken := _broken(self.policy, built, config.models):
            raise WrongFile(broken)
        return config

    def outline(self) -> Iterator[tuple[str, str, str]]:
        """For a listing: each model's name, its kind, and the models in it or what it is called."""
        for name, item in self.models.items():
            if not isinstance(item.value, dict):
                yield name, "reference", item.text
                continue
            [(kind, arguments)] = item.value.items()
            fields = arguments.value if isinstance(arguments.value, dict) else {}
            parts = dict.fromkeys(word for word in _words(arguments) if word in self.models)
            called = fields.get("model", arguments)
            yield name, kind, ", ".join(parts) or called.written

    def as_yaml(self) -> str:
        """A file of the same meaning: aliases filled in, variables by name, no comments."""
        head = {"default": self.default, "clearance": self.clearance.name.lower()}
        serve = {} if self.served is None else {"serve": self.served}
        policy = {} if self.demanded is None else {"policy": self.demanded}
        return dump({"models": dict(self.models), **head, **policy, **serve})


def load(path: str | Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration in a file: the one named, or the first that `find` finds.

    `ConfigError` when there is none or it cannot be read, `WrongFile` with every problem that
    it has. Reads only that file.
    """
    if path is None:
        path = find(environ)
    if path is None:
        raise ConfigError(f"there is no configuration here; write {NAME}, or name a file")
    path = Path(path).expanduser()
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LONGEST + 1)
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text in UTF-8; save it as that") from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConfigError(f"{path} cannot be read: {why}; name another file") from None
    return parse(text, origin=str(path), base=path.parent, environ=environ)


def parse(
    text: str,
    *,
    origin: str = "the configuration",
    base: Path = Path(),
    environ: Mapping[str, str] | None = os.environ,
) -> Config:
    """The configuration in a text (YAML, and so JSON). `WrongFile` with every problem.

    ``environ`` has the variables; None for a text that a program wrote, where ``${`` is text.
    """
    item, problems = read(text, origin, environ)
    if item is None:
        raise WrongFile(problems)
    top = _Top(item, Place(origin, 1, 1))
    models = top.models()
    builder = Builder(models, base)
    built = builder.build()
    served, demanded = top.entries.get("serve"), top.entries.get("policy")
    serve = builder.settings(served, kinds.load(kinds.SERVE))
    policy = None
    if demanded is not None:
        policy = builder.settings(demanded, kinds.load(kinds.POLICY), "policy")
    config = Config(
        models,
        top.default(models),
        top.clearance(),
        origin,
        base,
        serve,
        served,
        policy,
        demanded,
    )
    unread = {problem.place for problem in problems}  # what is built of these is wrong anyway
    problems += [p for p in (*top.problems, *builder.problems) if p.place not in unread]
    if not problems:
        problems += _broken(policy, built, models)
    if problems:
        raise WrongFile(sorted(problems, key=lambda p: (p.place.line, p.place.column)))
    return config


class _Top:
    """The outermost mapping of a file."""

    def __init__(self, item: Item, start: Place) -> None:
        self.problems: list[Problem] = []
        self.start = start
        self.entries: dict[str, Item] = {}
        if not isinstance(item.value, dict):
            self.wrong(item.place, "a file is a mapping with `models:`; this is " + shown(item))
            return
        self.entries = item.value
        for key, child in self.entries.items():
            if key not in KEYS:
                near = guess(key, KEYS) or f"; there are {', '.join(KEYS)}"
                self.wrong(child.named_at, f"there is no top-level key `{key}`{near}")

    def wrong(self, place: Place, sentence: str) -> None:
        self.problems.append(Problem(place, sentence))

    def models(self) -> dict[str, Item]:
        item = self.entries.get("models")
        if item is not None and isinstance(item.value, dict) and item.value:
            return item.value
        if not self.problems:
            place = item.place if item else self.start
            found = "; this is a list" if item and isinstance(item.value, list) else ""
            form = "`name: {kind: {field: value}}`"
            self.wrong(place, f"`models:` needs at least one, as {form}{found}")
        return {}

    def default(self, models: dict[str, Item]) -> str:
        item = self.entries.get("default")
        if item is None:
            return "auto" if "auto" in models else next(reversed(models), "")
        if models and item.text not in models:
            near = guess(item.text, models) or f"; there are {', '.join(models)}"
            self.wrong(item.place, f"`default` names no model of this file: {shown(item)}{near}")
        return item.text

    def clearance(self) -> Clearance:
        item = self.entries.get("clearance")
        if item is None:
            return Clearance.WORLD
        shape = shape_of(Clearance)
        try:
            level: Clearance = scalar(item, shape, Path())  # type: ignore[arg-type]  # words
        except ValueError:
            self.wrong(item.place, f"`clearance` takes {expects(shape)}; this is {shown(item)}")
            return Clearance.MACHINE
        return level


def _built(builder: Builder) -> dict[str, Model]:
    models = builder.build()
    if builder.problems:
        raise WrongFile(builder.problems)
    return models


def _broken(policy: Any, built: Mapping[str, Model], models: Mapping[str, Item]) -> list[Problem]:
    """What breaks the policy, each at the name of the model or of the route."""
    found = [] if policy is None else policy.problems(built)
    return [Problem(models[name].named_at, sentence) for name, sentence in found]


def _words(item: Item) -> Iterator[str]:
    match item.value:
        case dict() as mapping:
            for child in mapping.values():
                yield from _words(child)
        case list() as items:
            for child in items:
                yield from _words(child)
        case str():
            yield item.written
