"""What YAML's parser found wrong, told to people who do not know its words."""

import re
from typing import Final

from yaml.error import Mark, MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

from homeward.config.items import Place, Problem

_NEVER_CLOSED: Final = (  # told where it opens; the parser says where the file ends
    (r"quoted scalar.*end of stream", "the quote that opens here is never closed"),
    (r"flow \w+.*<stream end>", "the bracket that opens here is never closed"),
)
_WRONG_HERE: Final = (
    (r"'\\t' that cannot", "a tab stands here; YAML is indented with spaces"),
    (
        r"escape|expected .* hexdecimal",
        r"in double quotes a \ begins an escape; write \\, or use single quotes",
    ),
    (r"flow \w+.*expected ','", "a comma or the closing bracket is missing before this"),
    (
        r"expected <block end>|indentation",
        "this line is not indented as those of its level; begin them all in one column",
    ),
    (
        r"mapping values are not allowed",
        "a `: ` cannot stand here; put text that has one in quotes, or mend the indentation",
    ),
    (r"another document", "a second document begins here; a file has one, so remove the `---`"),
    (r"could not find expected ':'", "a `key:` is expected before this; end the key with a colon"),
    (r"undefined alias", "no such `&name` stands before this; put text with a leading * in quotes"),
    (r"'[@`%]' that cannot", "text that begins with this character is put in quotes"),
)


def explained(error: YAMLError, text: str, origin: str) -> Problem:
    """One sentence, at the place that is to be mended."""
    if isinstance(error, ReaderError):
        before = text[: error.position]
        place = Place(origin, before.count("\n") + 1, error.position - before.rfind("\n"))
        return Problem(place, f"the character U+{error.character:04X} cannot stand here; remove it")
    if not isinstance(error, MarkedYAMLError):
        return Problem(Place(origin, 1, 1), f"this is not YAML: {str(error).splitlines()[0]}")
    said = f"{error.context or ''} {error.problem or ''}"
    for form, sentence in _NEVER_CLOSED:
        if error.context_mark and re.search(form, said):
            return Problem(_place(error.context_mark, origin), f"this is not YAML: {sentence}")
    mark = error.problem_mark or error.context_mark
    if mark and mark.index and text[mark.index - 1 : mark.index + 1] == "${":
        sentence = 'within {} or [] a variable is quoted, as in "${NAME}"'
    else:
        found = (sentence for form, sentence in _WRONG_HERE if re.search(form, said))
        sentence = next(found, str(error.problem or error.context))
    return Problem(_place(mark, origin), f"this is not YAML: {sentence}")


def _place(mark: Mark | None, origin: str) -> Place:
    return Place(origin, mark.line + 1, mark.column + 1) if mark else Place(origin, 1, 1)
