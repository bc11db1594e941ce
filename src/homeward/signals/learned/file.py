"""A learned router in a folder: ``card.json`` for people, ``arrays.npz`` for the machine.

No pickle is written or read: a pickle is a program. What is written is readable by its owner
alone, as words of the prompts are in it.
"""

import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile

import msgspec
import numpy as np

from homeward.errors import ConfigError
from homeward.signals.learned.checked import Checked
from homeward.signals.learned.familiar import Familiar
from homeward.signals.learned.parts import Clusters, Factors, Groups, Linear, Neighbours
from homeward.signals.learned.reader import Numbers, Reader
from homeward.signals.learned.router import Card, Costs, LearnedRouter

CARD = "card.json"
ARRAYS = "arrays.npz"
PARTS: Mapping[str, type[Any]] = {
    "linear": Linear,
    "groups": Groups,
    "neighbours": Neighbours,
    "clusters": Clusters,
    "factors": Factors,
}
_DAMAGE = (
    *(OSError, ValueError, TypeError, EOFError, RuntimeError, MemoryError),
    *(BadZipFile, zlib.error),
)
"""What numpy raises for a file that is not what it was."""
LARGEST = 2 << 30
"""Bytes of arrays: more would be no router, but a small file that swells until memory is gone."""


def save(router: LearnedRouter, folder: Path) -> None:
    """Both files are written beside and moved into place: a reader never finds half of one."""
    arrays: dict[str, Any] = {}
    _flatten("reader", router.reader, arrays)
    _flatten("familiar", router.familiar, arrays)
    for name, part in router.parts.items():
        _flatten(f"parts/{name}", part, arrays)
    if router.costs is not None:
        _flatten("costs", router.costs, arrays)
    if router.checked is not None:
        _flatten("checked", router.checked, arrays)
    folder = folder.expanduser()
    beside = {name: folder / f".{name}" for name in (ARRAYS, CARD)}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _own(beside[ARRAYS]) as file:
            np.savez_compressed(file, **arrays)
        card = msgspec.json.format(msgspec.json.encode(router.card), indent=2)
        with _own(beside[CARD]) as file:
            file.write(card + b"\n")
        for name, path in beside.items():
            path.replace(folder / name)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot hold a router: {error.strerror}; name another folder"
        ) from None
    finally:
        with suppress(OSError):
            for path in beside.values():
                path.unlink(missing_ok=True)


def _own(path: Path) -> BinaryIO:
    """A new file, for its owner alone."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def load(folder: str | Path) -> LearnedRouter:
    """`ConfigError` where it is none, is damaged, or is of another version."""
    folder = Path(folder).expanduser()
    try:
        card = msgspec.json.decode((folder / CARD).read_bytes(), type=Card)
        with (folder / ARRAYS).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            if sum(info.file_size for info in file.zip.infolist()) > LARGEST:
                raise ValueError(f"its arrays have more than {LARGEST >> 30} GiB")
            arrays = {name: _sound(name, file[name]) for name in file.files}
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(
            f"there is no router in {folder}; `homeward learn TABLE --out {folder}` trains one"
        ) from None
    except (*_DAMAGE, msgspec.MsgspecError) as error:
        raise ConfigError(f"the router in {folder} is damaged ({error}); train it again") from None
    if card.version != Card.__struct_defaults__[-1]:
        raise ConfigError(f"the router in {folder} is of version {card.version}; train it again")
    router: LearnedRouter | None
    try:
        router = LearnedRouter(
            card,
            _whole(Reader, "reader", arrays),
            {name: _whole(PARTS[name], f"parts/{name}", arrays) for name in card.blend},
            _whole(Familiar, "familiar", arrays),
            _whole(Costs, "costs", arrays) if "costs.weights" in arrays else None,
            _whole(Checked, "checked", arrays) if "checked.bias" in arrays else None,
        )
    except KeyError as missing:
        raise ConfigError(
            f"the router in {folder} is damaged ({missing} is missing); train it again"
        ) from None
    except (ValueError, TypeError):
        router = None
    if router is None or not _fits(router):
        raise ConfigError(f"{CARD} and {ARRAYS} in {folder} do not belong together; train it again")
    return router


def _sound(name: str, array: Any) -> Any:
    if array.dtype.kind not in "fui" or not np.isfinite(array).all():
        raise ValueError(f"{name} has what is no number")
    return array


def _fits(router: LearnedRouter) -> bool:
    """Whether card and arrays are of one training, as far as shapes tell."""
    card, reader = router.card, router.reader
    of_parts = [part.terms for part in router.parts.values() if isinstance(part, Linear | Groups)]
    if not card.points or {*card.accuracy} != {*card.models} or card.default not in card.models:
        return False
    of_terms = [(terms, reader) for terms in (reader.rarity, router.familiar.terms, *of_parts)]
    if router.checked is not None:
        of_terms += _of_checked(router.checked, reader)
    if any(len(terms) != len(known.vocabulary) for terms, known in of_terms):
        return False
    try:
        predicted = router.predict(" ".join(islice(reader.vocabulary, 50)))
        if router.checked is not None:
            router.right("1 + 1?", "2", None, [None] * len(card.checkers))
    except (ValueError, IndexError, TypeError, AttributeError):
        return False
    checked = router.checked is not None
    return (*predicted.quality,) == card.models and checked == bool(
        card.with_answer or card.checkers
    )


def _of_checked(checked: Checked, reader: Reader) -> Iterator[tuple[Numbers, Reader]]:
    """What has a number for each term of a reader; the empty ones are not used."""
    if len(checked.prompt):
        yield checked.prompt, reader
    if checked.reader is not None:
        yield checked.reader.rarity, checked.reader
        if len(checked.answer):
            yield checked.answer, checked.reader


def _flatten(name: str, value: Any, into: dict[str, Any]) -> None:
    for field in fields(value):
        part = getattr(value, field.name)
        key = f"{name}.{field.name}"
        if is_dataclass(part):
            _flatten(key, part, into)
        elif isinstance(part, Mapping):  # a vocabulary: its terms in their order
            terms = "\n".join(sorted(part, key=part.__getitem__))
            into[key] = np.frombuffer(terms.encode(), np.uint8)
        elif part is not None:
            into[key] = part


def _whole(kind: type[Any], name: str, arrays: Mapping[str, Any]) -> Any:
    values: dict[str, Any] = {}
    for field in fields(kind):
        key = f"{name}.{field.name}"
        if field.name == "vocabulary":
            terms = arrays[key].tobytes().decode()
            listed = terms.split("\n") if terms else []
            values[field.name] = {term: place for place, term in enumerate(listed)}
            if len(values[field.name]) != len(listed):
                raise ValueError("a term is there twice")
        elif field.name == "reader":
            values[field.name] = _whole(Reader, key, arrays) if f"{key}.mean" in arrays else None
        else:
            found = arrays[key]
            values[field.name] = found if found.ndim else float(found)
    return kind(**values)
