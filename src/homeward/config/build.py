"""From the file to the tree: a node is a constructor call, a bare string is a reference."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from homeward.config import kinds
from homeward.config.arguments import by_key
from homeward.config.grammar import DEEPEST
from homeward.config.items import Item, Place, Problem
from homeward.config.shapes import (
    AnyOf,
    Anything,
    Fields,
    ListOf,
    ManyModels,
    MappingOf,
    Named,
    Nothing,
    OneModel,
    Shape,
    parameters,
    resources,
)
from homeward.config.values import NEVER, distance, expects, guess, plain, scalar, shown
from homeward.errors import HomewardError
from homeward.model import Model
from homeward.tree import children_of

Around: TypeAlias = Callable[[Model, str], Model]
"""What stands in a leaf's place, once for each. Its name in the file is empty where it has none."""

WRONG: Final = object()
"""In the place of a value that could not be made; what is wrong is in ``problems``."""


class Builder:
    """One pass over the models of a file; it goes on after a mistake, to find the others.

    ``resource`` gives the shared object for a field of that name, or None where the class
    itself makes one when it needs it. ``base`` is the directory that paths start from.
    """

    def __init__(
        self,
        models: Mapping[str, Item],
        base: Path,
        resource: Callable[[str], object | None] = lambda name: None,
        around: Around | None = None,
    ) -> None:
        self.models = models
        self.base = base
        self.resource = resource
        self.around = around
        self.problems: list[Problem] = []
        self._built: dict[str, Any] = {}
        self._open: list[str] = []
        self._depth = 0
        self._leaves: dict[int, Any] = {}  # by the id of what stands around each

    def build(self) -> dict[str, Any]:
        """Every model of the file by name, less those with a problem."""
        made = {name: self._reference(name, item.named_at) for name, item in self.models.items()}
        return {name: model for name, model in made.items() if model is not WRONG}

    def settings(self, item: Item | None, kind: type[Any], name: str = "serve") -> Any:
        """A section beside the models, as a ``kind``; its defaults where it is absent."""
        if item is None:
            return kind()
        return self._call(name, kinds.Target(kind), item, item.place)

    # ------------------------------------------------------------ models

    def _reference(self, name: str, at: Place) -> Any:
        if name in self._open:
            cycle = " -> ".join([*self._open[self._open.index(name) :], name])
            return self._wrong(at, f"a model cannot contain itself: {cycle}")
        if name not in self._built:
            self._open.append(name)
            self._built[name] = self._model(self.models[name])
            self._open.pop()
        return self._built[name]

    def _model(self, item: Item, key: str = "") -> Any:
        if self._depth == DEEPEST:
            return self._wrong(item.place, f"more than {DEEPEST} models within models")
        self._depth += 1
        try:
            return self._node_or_reference(item, key)
        finally:
            self._depth -= 1

    def _node_or_reference(self, item: Item, key: str) -> Any:
        match item.value:
            case dict() as mapping:
                return self._wrapped(self._node(mapping, item.place, "model"), item)
            case str() | int() | float() if item.text in self.models:  # 7 is a name like any other
                return self._reference(item.text, item.place)
            case str() as name:
                hint = self._hint(name)
                return self._wrong(item.place, f"there is no model {shown(item)} here{hint}")
        return self._unexpected(item, OneModel(), key)

    def _wrapped(self, made: Any, item: Item) -> Any:
        if self.around is None or made is WRONG or any(True for _ in children_of(made)):
            return made
        name = self._open[-1]
        outer = self.around(made, name if self.models[name] is item else "")
        self._leaves[id(outer)] = made
        return outer

    def _hint(self, name: str) -> str:
        if name in kinds.names("model"):
            return f"; for one of that kind write {{{name}: {{...}}}}"
        known = f"; this file has {', '.join(self.models)}, and a new one is {{kind: {{...}}}}"
        return guess(name, self.models) or known

    def _models(self, item: Item, shape: ManyModels, key: str) -> Any:
        """By name: the name referred to, or what an inline node would be called."""
        match item.value:
            case str() | dict() if shape.or_one and not self._names_models(item):
                children: list[tuple[str, Item]] = [("", item)]
            case dict() as mapping:
                children = list(mapping.items())
            case list() as items:
                children = [("", child) for child in items]
            case _:
                return self._unexpected(item, shape, key)
        made: dict[str, Any] = {}
        for name, child in children:
            model = self._model(child, key)
            first = named = name or label(child, self._leaves.get(id(model), model))
            again = 1
            while named in made:
                again += 1
                named = f"{first}#{again}"
            made[named] = model
        return WRONG if any(model is WRONG for model in made.values()) else made

    def _names_models(self, item: Item) -> bool:
        """Whether a mapping is ``{name: model}`` and not a node."""
        if not isinstance(item.value, dict) or len(item.value) != 1:
            return isinstance(item.value, dict)
        [kind] = item.value
        return ":" not in kind and kind not in kinds.names("model")

    # ------------------------------------------------------------ calls

    def _node(self, mapping: dict[str, Item], at: Place, table: str) -> Any:
        if len(mapping) != 1:
            keys = f"{len(mapping)} keys: {', '.join(mapping)}" if mapping else "no key"
            form = "one kind with its fields, {kind: {...}}"
            return self._wrong(at, f"here belongs {form}; this has {keys}")
        [(kind, arguments)] = mapping.items()
        return self._named(kind, arguments, table, arguments.named_at)

    def _named(self, kind: str, arguments: Item | None, table: str, at: Place) -> Any:
        try:
            found = kinds.find(kind, table)
        except ImportError as error:
            mend = "install it, or put its directory in PYTHONPATH"
            return self._wrong(at, f"{kind!r} cannot be loaded: {error}; {mend}")
        except AttributeError as error:
            return self._wrong(at, f"{kind!r} cannot be loaded: {error}; mend the name after `:`")
        if found is None:
            known = kinds.names(table)
            near = guess(kind, known) or f"; there are {', '.join(known) or 'none'}"
            if kind == "model":  # the kind was left out, and `modal` is the nearest of its names
                near = "; it is a field of one, as in {ollama: {model: ...}}"
            return self._wrong(at, f"there is no kind of {table} {kind!r}{near}")
        made = self._call(kind, found, arguments, at)
        method = kinds.METHODS[table]
        if made is not WRONG and not callable(getattr(made, method, None)):
            return self._wrong(at, f"{kind!r} is no {table}: it has no method `{method}`")
        return made

    def _call(self, kind: str, target: kinds.Target, arguments: Item | None, at: Place) -> Any:
        try:
            known = parameters(target.callable)
            shared = resources(target.callable)
        except (AttributeError, TypeError, NameError, ValueError) as error:
            return self._wrong(at, f"the signature of {kind!r} cannot be read: {error}")
        known = tuple(p for p in known if p.name not in target.fixed)
        given, problems = by_key(kind, known, arguments)
        for problem in problems:
            self._wrong(problem.place, problem.sentence)
        values = {
            p.name: self._value(given[p.key], p.shape, p.key) for p in known if p.key in given
        }
        missing = [p.key for p in known if p.required and p.key not in given]
        for key in missing if not problems else []:  # a misspelt field is not missing as well
            self._wrong(at, f"`{kind}` needs the field `{key}`")
        if problems or missing or any(value is WRONG for value in values.values()):
            return WRONG
        held = {name: self.resource(name) for name in shared if name not in target.fixed}
        held = {name: value for name, value in held.items() if value is not None}
        try:
            return target.callable(**target.fixed, **values, **held)
        except (HomewardError, ValueError, TypeError) as error:
            return self._wrong(at, f"`{kind}`: {error}")

    # ------------------------------------------------------------ values

    def _value(self, item: Item, shape: Shape, key: str) -> Any:
        match shape:
            case OneModel():
                return self._model(item, key)
            case ManyModels():
                return self._models(item, shape, key)
            case Named(table):
                return self._entry(item, table, key)
            case Fields(of):
                return self._call(key, kinds.Target(of), item, item.named_at)
            case ListOf(of, into) if isinstance(item.value, list):
                values = [self._value(child, of, key) for child in item.value]
                return WRONG if any(value is WRONG for value in values) else into(values)
            case MappingOf(of) if isinstance(item.value, dict):
                made = {name: self._value(child, of, name) for name, child in item.value.items()}
                return WRONG if any(value is WRONG for value in made.values()) else made
            case AnyOf(shapes):
                return self._any(item, shape, shapes, key)
            case Anything():
                return plain(item)
            case ListOf() | MappingOf() | Nothing():
                return self._unexpected(item, shape, key)
        try:
            return scalar(item, shape, self.base)
        except ValueError:
            return self._unexpected(item, shape, key)

    def _any(self, item: Item, shape: Shape, shapes: tuple[Shape, ...], key: str) -> Any:
        """The alternative that a value of this form is meant for."""
        best = min(shapes, key=lambda each: distance(item, each))
        if distance(item, best) == NEVER:
            return self._unexpected(item, shape, key)
        return self._value(item, best, key)

    def _entry(self, item: Item, table: str, key: str) -> Any:
        match item.value:
            case str() as name:
                return self._named(name, None, table, item.place)
            case dict() as mapping:
                return self._node(mapping, item.place, table)
        return self._unexpected(item, Named(table), key)

    # ------------------------------------------------------------ problems

    def _unexpected(self, item: Item, shape: Shape, key: str) -> Any:
        field = f"`{key}` takes" if key else "here belongs"
        return self._wrong(item.place, f"{field} {expects(shape)}; this is {shown(item)}")

    def _wrong(self, at: Place, sentence: str) -> Any:
        problem = Problem(at, sentence)
        if problem not in self.problems:
            self.problems.append(problem)
        return WRONG


def label(item: Item, model: object) -> str:
    """What a model in a list is called: as referred to; a node by its model, else by its kind."""
    if not isinstance(item.value, dict):
        return item.text
    said = getattr(model, "model", None)
    return said if isinstance(said, str) else next(iter(item.value), "")
