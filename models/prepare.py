"""Makes all training data, the tokenizer and the questions of the tables from their seeds.

python models/prepare.py            write models/build/ and freeze it in models/data.sha256
python models/prepare.py --verify   make it again and compare with models/data.sha256
"""

import argparse
import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from tokenizers import Tokenizer

import tokenizer as bpe
from data.mixture import MIXTURES, training_rows
from data.row import Row
from frozen import BUILD, MANIFEST, TABLES, digest_of, questions

WIDTH = 160
"""Tokens in a packed row. One fixed shape, because compiling for another takes half a minute."""
TOKENIZER_ROWS = 60_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verify", action="store_true", help="compare with data.sha256 only")
    verify = parser.parse_args().verify
    BUILD.mkdir(exist_ok=True)
    sums = dict(freeze(write=not verify))
    text = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    if verify:
        same = text == MANIFEST.read_text()
        print("the data is the frozen data" if same else f"the data differs:\n{text}")
        raise SystemExit(not same)
    MANIFEST.write_text(text)


def freeze(*, write: bool) -> Iterator[tuple[str, str]]:
    """Name and SHA-256 of every part of the data."""
    for table in TABLES:
        yield f"questions/{table}", digest_of(questions(table))
    tokenizer = bpe.train(tokenizer_texts())
    yield "tokenizer", hashlib.sha256(tokenizer.to_str().encode()).hexdigest()
    if write:
        tokenizer.save(str(bpe.PATH))
    for member in MIXTURES:
        rows = list(training_rows(member))
        yield f"training/{member}", digest_of(row.as_dict() for row in rows)
        if write:
            tokens, items, labels = packed(tokenizer, rows)
            np.savez(BUILD / f"{member}.npz", tokens=tokens, items=items, labels=labels)
            print(f"{member}: {len(rows)} rows in {len(tokens)} packed rows of {WIDTH} tokens")


def tokenizer_texts() -> Iterator[str]:
    """Questions and answers of the generalist; spelled answers are made of bytes anyway."""
    for row in islice(training_rows("general"), TOKENIZER_ROWS):
        yield row.prompt
        if not row.spelled:
            yield row.answer


def packed(tokenizer: Tokenizer, rows: Iterable[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows side by side in lines of WIDTH tokens: the tokens, whose item each is, what comes next.

    Item -1 is padding and label -100 is not learnt: questions are read, only answers are written.
    """
    tokens = [[]]
    items = [[]]
    labels = [[]]
    for row in rows:
        question, answer = bpe.encode(tokenizer, row)
        length = len(question) + len(answer) - 1
        if length > WIDTH:
            continue
        if len(tokens[-1]) + length > WIDTH:
            for lines in (tokens, items, labels):
                lines.append([])
        item = items[-1][-1] + 1 if items[-1] else 0
        tokens[-1] += (question + answer)[:-1]
        items[-1] += [item] * length
        labels[-1] += [-100] * (len(question) - 1) + answer
    return (
        padded(tokens, 0).astype(np.int16),
        padded(items, -1).astype(np.int8),
        padded(labels, -100).astype(np.int16),
    )


def padded(lines: list[list[int]], filler: int) -> np.ndarray:
    return np.array([line + [filler] * (WIDTH - len(line)) for line in lines])


if __name__ == "__main__":
    main()
