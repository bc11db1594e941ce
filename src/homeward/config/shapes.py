"""What a constructor's fields accept in the file, read from its signature.

There are no parallel classes for the configuration: the annotation decides how a value is read
(`build`) and how editors are told about it (`json_schema`).
"""

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from homeward import model
from homeward.config.kinds import PROTOCOLS, RESOURCES


@dataclass(frozen=True)
class OneModel:
    """A reference, or a node in place."""


@dataclass(frozen=True)
class ManyModels:
    """A list of models or a mapping of names to models; named either way.

    ``or_one`` also takes a single model, which has a name then, too.
    """

    or_one: bool = False


@dataclass(frozen=True)
class Named:
    """An entry of a table of names: ``number``, or ``{choice: {options}}``."""

    table: str


@dataclass(frozen=True)
class Scalar:
    type: type[str] | type[int] | type[float] | type[bool] | type[Path] | None


@dataclass(frozen=True)
class Duration:
    """Seconds, or ``2s``, ``500ms``, ``1m``, ``1h``."""


@dataclass(frozen=True)
class Words:
    """One of several words. ``words`` has the value for each."""

    words: Mapping[str, Any]


@dataclass(frozen=True)
class ListOf:
    of: "Shape"
    into: type[Any] = tuple


@dataclass(frozen=True)
class MappingOf:
    of: "Shape"


@dataclass(frozen=True)
class Fields:
    """The fields of another class, as a mapping."""

    of: type[Any]


@dataclass(frozen=True)
class AnyOf:
    shapes: "tuple[Shape, ...]"


@dataclass(frozen=True)
class Anything:
    pass


@dataclass(frozen=True)
class Nothing:
    """A type that no text can be: a callable, an exception, an open file."""


Shape: TypeAlias = (
    OneModel
    | ManyModels
    | Named
    | Scalar
    | Duration
    | Words
    | ListOf
    | MappingOf
    | Fields
    | AnyOf
    | Anything
    | Nothing
)


@dataclass(frozen=True)
class Parameter:
    """``name`` in Python, ``key`` in the file. ``default`` is `inspect.Parameter.empty` or it."""

    name: str
    key: str
    shape: Shape
    default: Any

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty


def parameters(target: Callable[..., Any]) -> tuple[Parameter, ...]:
    """What a file can say to ``target``, in the order of its signature.

    Left out are what the builder puts in (`resources`), fields that hold state (those that are
    not compared), and types that no text can be.
    """
    hints = _hints(target)
    state = {f.name for f in fields(target) if not f.compare} if is_dataclass(target) else set()
    found = []
    for name, parameter in inspect.signature(target).parameters.items():
        hint = hints.get(name, Any)
        if name in state or parameter.kind in _VARIADIC or _shared(name, hint):
            continue
        shape = shape_of(hint)
        if not isinstance(shape, Nothing) or parameter.default is inspect.Parameter.empty:
            found.append(Parameter(name, _key(name, shape), shape, parameter.default))
    return tuple(found)


def resources(target: Callable[..., Any]) -> tuple[str, ...]:
    """The fields of ``target`` that whoever builds the tree fills in."""
    return tuple(name for name, hint in _hints(target).items() if _shared(name, hint))


def _shared(name: str, hint: Any) -> bool:
    dotted = (
        f"{arm.__module__}:{arm.__qualname__}"
        for arm in (hint, *get_args(hint))
        if isinstance(arm, type)
    )
    return name in RESOURCES and RESOURCES[name] in dotted


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _key(name: str, shape: Shape) -> str:
    """A trailing underscore only avoids a Python keyword. An extractor is asked for by type."""
    if name == "extract" and shape in (Named("extractor"), _optional(Named("extractor"))):
        return "type"
    return name.rstrip("_")


def _optional(shape: Shape) -> AnyOf:
    return AnyOf((shape, Scalar(None)))


def _hints(target: Callable[..., Any]) -> dict[str, Any]:
    is_class = isinstance(target, type)
    annotated = target if not is_class or is_dataclass(target) else target.__init__
    hints = get_type_hints(annotated, include_extras=True)
    hints.pop("return", None)
    return hints


def shape_of(hint: Any) -> Shape:
    """The shape that values of an annotation have in the file."""
    hint = getattr(hint, "__value__", hint)  # `type X = ...`
    if hint is Any or hint is object:
        return Anything()
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Duration() if hint == model.Seconds else shape_of(arguments[0])
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is Literal:
        return Words({str(word): word for word in arguments})
    if origin is not None:
        return _generic(origin, arguments)
    if hint in (None, type(None)):
        return Scalar(None)
    if hint in (str, int, float, bool, Path):
        return Scalar(hint)
    if not isinstance(hint, type):
        return Nothing()
    return _class(hint)


def _class(hint: type[Any]) -> Shape:
    if hint is model.Model:
        return OneModel()
    if protocol := PROTOCOLS.get(f"{hint.__module__}:{hint.__qualname__}"):
        return Named(protocol)
    if issubclass(hint, Enum):
        return Words({member.name.lower(): member for member in hint})
    if is_dataclass(hint):
        return Fields(hint)
    bare: dict[type[Any], Shape] = {dict: MappingOf(Anything()), list: ListOf(Anything(), list)}
    return bare.get(hint, Nothing())


def _generic(origin: Any, arguments: tuple[Any, ...]) -> Shape:
    if origin is Callable:
        return Named("extractor") if _extracts(arguments) else Nothing()
    if not isinstance(origin, type):
        return Nothing()
    if issubclass(origin, Mapping):
        of = shape_of(arguments[1])
        return of if isinstance(of, Nothing) else MappingOf(of)
    if issubclass(origin, Sequence | set | frozenset):
        of = shape_of(arguments[0])
        into = origin if origin in (list, set, frozenset) else tuple
        return of if isinstance(of, Nothing) else ListOf(of, into)
    return Nothing()


def _extracts(arguments: tuple[Any, ...]) -> bool:
    """Whether this is `Extractor`: a function of an answer that finds a text or nothing."""
    return bool(arguments) and arguments[0] == [model.Answer]


def _union(arguments: tuple[Any, ...]) -> Shape:
    shapes = [shape for shape in map(shape_of, arguments) if not isinstance(shape, Nothing)]
    lists = (ListOf(OneModel()), MappingOf(OneModel()))
    if all(shape in shapes for shape in lists):
        many = ManyModels(or_one=OneModel() in shapes)
        shapes = [many, *(shape for shape in shapes if shape not in (*lists, OneModel()))]
    if Scalar(Path) in shapes:
        shapes = [shape for shape in shapes if shape != Scalar(str)]
    if not shapes:
        return Nothing()
    return shapes[0] if len(shapes) == 1 else AnyOf(tuple(shapes))
