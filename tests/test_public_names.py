import ast
from pathlib import Path

import homeward


def test_every_public_name_is_there() -> None:
    assert all(getattr(homeward, name) is not None for name in homeward.__all__)


def test_public_names_are_sorted_and_few() -> None:
    assert homeward.__all__ == sorted(homeward.__all__)
    assert len(homeward.__all__) <= 30


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(homeward, "no_such_name")


def test_every_module_says_what_it_is() -> None:
    package = Path(homeward.__file__).parent
    silent = [
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if file.stat().st_size and ast.get_docstring(ast.parse(file.read_text())) is None
    ]
    assert silent == []
