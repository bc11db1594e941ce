"""YAML as it is read and written here: the core schema of YAML 1.2.

So ``no``, ``on``, dates and ``1:30`` are words, not booleans, dates and sexagesimal numbers.
"""

import re
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.error import YAMLError
from yaml.nodes import Node

from homeward.config.items import Item, Place, Problem
from homeward.config.syntax import explained

LONGEST = 262_144  # characters in a file
DEEPEST = 50  # values within values
STANDARD = "tag:yaml.org,2002:"

_CORE = (  # YAML 1.2.2, section 10.3.2; tag, form, first characters
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]{1,30}|0o[0-7]{1,30}|0x[0-9a-fA-F]{1,30}", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.nan",
        "-+.0123456789",
    ),
    ("merge", r"<<", "<"),
)
TAGS = {STANDARD + kind for kind in ("map", "seq", "str", *(tag for tag, _, _ in _CORE))}


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    found: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for tag, form, first in _CORE:
        for character in (*first, *([""] if tag == "null" else [])):
            found.setdefault(character, []).append((STANDARD + tag, re.compile(f"(?:{form})$")))
    return found


class _Loader(yaml.SafeLoader):
    """Composes nodes; constructs nothing."""

    yaml_implicit_resolvers = _resolvers()
    depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        self.depth += 1
        if self.depth > DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # stubs lack it
            raise ComposerError(None, None, f"more than {DEEPEST} values within values", mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def scan_to_next_token(self) -> None:
        """Tabs too are blanks between brackets, or JSON that is indented with them is not read."""
        super().scan_to_next_token()
        while self.flow_level and self.peek() == "\t":
            self.forward()
            super().scan_to_next_token()


def compose(text: str, origin: str) -> Node | Problem:
    """The one document of a text, not yet a value, or what is wrong with it."""
    start = Place(origin, 1, 1)
    if len(text) > LONGEST:
        return Problem(start, f"the file is longer than {LONGEST} characters; split it")
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except YAMLError as error:
        return explained(error, text, origin)
    if node is None:
        return Problem(start, "the file is empty; it needs `models:` with at least one")
    return node


class _Dumper(yaml.SafeDumper):
    """Writes items as they were written: variables by name, ``4.10`` as ``4.10``."""

    def item(self, item: Item) -> Node:
        match item.value:
            case dict() as mapping:
                return self.represent_mapping(STANDARD + "map", mapping, flow_style=False)
            case list() as items:
                flat = not any(isinstance(child.value, list | dict) for child in items)
                return self.represent_sequence(STANDARD + "seq", items, flow_style=flat)
            case value:
                kind = "str" if item.from_environment else _KINDS[type(value)]
                return self.represent_scalar(STANDARD + kind, item.written)


_Dumper.add_representer(Item, _Dumper.item)
_KINDS = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}


def dump(value: object) -> str:
    """YAML of mappings, lists and items, in their order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
