"""From the text of a file to values that know where they stand, with the variables put in.

No tag makes an object, and a file cannot grow when it is read.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from homeward.config.grammar import DEEPEST, STANDARD, TAGS, compose
from homeward.config.items import Item, Place, Problem, Value

MOST = 20_000  # values in a file, with those that an alias repeats


def read(
    text: str, origin: str, environ: Mapping[str, str] | None
) -> tuple[Item | None, list[Problem]]:
    """The file's one value, and what is wrong with the text.

    Without ``environ`` no variable is put in: ``${`` is text like any other.
    """
    node = compose(text, origin)
    if isinstance(node, Problem):
        return None, [node]
    reading = _Reading(origin, environ)
    return reading.item(node, 1), reading.problems


class _TooMuch(Exception):
    pass


class _Reading:
    """One pass over the nodes of one text."""

    def __init__(self, origin: str, environ: Mapping[str, str] | None) -> None:
        self.origin = origin
        self.environ = environ
        self.problems: list[Problem] = []
        self.count = 0

    def item(self, node: Node, depth: int) -> Item | None:
        """None, with a problem, for a text that an alias makes endless or huge."""
        try:
            return self._item(node, depth)
        except _TooMuch as error:
            self.problems.append(Problem(self.place(node), str(error)))
            return None

    def _item(self, node: Node, depth: int) -> Item:
        self.count += 1
        if self.count > MOST or depth > DEEPEST:
            raise _TooMuch("aliases make this file endless or too large; write less into one")
        if node.tag not in TAGS:
            self.wrong(node, f"the tag {node.tag} is not read; leave it out")
        match node:
            case MappingNode():
                return Item(self._mapping(node, depth), self.place(node))
            case SequenceNode():
                return Item([self._item(n, depth + 1) for n in node.value], self.place(node))
            case ScalarNode():
                return self._scalar(node)
        raise AssertionError(node)

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, Item]:
        own: dict[str, Item] = {}
        merged: dict[str, Item] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.wrong(key, "a key is a word here, not a list or a mapping")
            elif key.tag == STANDARD + "merge":
                merged = self._merged(value, depth) | merged
            elif key.value in own:
                first = own[key.value].named_at.line
                self.wrong(key, f"`{key.value}` stands twice here, first in line {first}")
            else:
                own[key.value] = replace(self._item(value, depth + 1), key=self.place(key))
        return merged | own

    def _merged(self, node: Node, depth: int) -> dict[str, Item]:
        """What ``<<`` brings in; earlier mappings win over later ones, as YAML 1.1 has it."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        merged: dict[str, Item] = {}
        for source in sources:
            item = self._item(source, depth + 1)
            if isinstance(item.value, dict):
                merged = item.value | merged
            else:
                self.wrong(source, "`<<` takes a mapping, by its alias: `<<: *name`")
        return merged

    def _scalar(self, node: ScalarNode) -> Item:
        try:  # JSON may write one character as a pair of escapes
            node.value = node.value.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self.wrong(node, "half a pair of \\u escapes is no character; write both or none")
            node.value = ""
        text = self._expanded(node)
        value: Value = text
        if text == node.value:
            kind = node.tag.removeprefix(STANDARD)
            try:
                value = _VALUES.get(kind, str)(text)
            except ValueError:
                self.wrong(node, f"{text!r} is no {kind}; leave the tag out")
        # A program's text has no variables: in a file its `${` would be written as `$${`.
        literal = self.environ is None
        written = node.value.replace("${", "$${") if literal else node.value
        return Item(value, self.place(node), text=text, written=written)

    def _expanded(self, node: ScalarNode) -> str:
        """With the variables put in. What they hold is not looked through again."""
        environ = self.environ
        if environ is None:
            return str(node.value)

        def put(match: re.Match[str]) -> str:
            if match["literal"]:
                return "${"
            name = match["name"]
            if name is None:
                self.wrong(node, "`${` begins a variable, as ${NAME}; a plain one is `$${`")
                return ""
            # As in a shell, `:-` also stands in for a variable that is empty.
            if (held := environ.get(name)) or (held is not None and match["else"] is None):
                return held
            if match["else"] is not None:
                return match["else"]
            how = f"set it, or give a default: ${{{name}:-...}}"
            self.wrong(node, f"the environment variable {name} is not set; {how}")
            return ""

        return _VARIABLE.sub(put, node.value)

    def place(self, node: Node) -> Place:
        return Place(self.origin, node.start_mark.line + 1, node.start_mark.column + 1)

    def wrong(self, node: Node, sentence: str) -> None:
        self.problems.append(Problem(self.place(node), sentence))


_VARIABLE = re.compile(
    r"(?P<literal>\$\$\{)|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<else>[^}]*))?\})?"
)


def _integer(text: str) -> int:
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _number(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_VALUES = {
    "null": lambda text: None,
    "bool": lambda text: text.lower() == "true",
    "int": _integer,
    "float": _number,
}
