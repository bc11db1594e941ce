"""Lets every shipped member answer the questions of a table, and grades the answers.

    python models/tables.py validation        to choose by
    python models/tables.py test none         once, at the end

The questions are the frozen ones, the answers come from the GGUF files in the package.
"""

import argparse

import grade
from engine import Engine
from frozen import TABLES, Record, path_of, questions, write
from shipped import BOX, box


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", choices=TABLES)
    for table in parser.parse_args().tables:
        rows = [{**question, "answers": {}} for question in questions(table)]
        for member in box.MEMBERS:
            right = answer_all(Engine(BOX / f"{member}.gguf"), member, rows)
            print(f"{table}: {member} {right}", flush=True)
        write(path_of(table), rows)


def answer_all(engine: Engine, member: str, rows: list[Record]) -> dict[str, int]:
    """Right answers per group."""
    right = dict.fromkeys((row["group"] for row in rows), 0)
    for row in rows:
        reply = engine.ask(row["prompt"])
        score = grade.is_right(row["check"], row["reference"], row.get("tests", []), reply.text)
        row["answers"][member] = {
            "score": int(score),
            "text": reply.text,
            "chars": len(reply.text),
            "prompt_tokens": reply.prompt_tokens,
            "tokens": reply.tokens,
            "logprob": reply.logprob,
        }
        right[row["group"]] += score
    return right


if __name__ == "__main__":
    main()
