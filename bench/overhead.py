"""What Homeward itself costs: CPU to import it, to start the program, and per streamed word.

    python bench/overhead.py

The least of nine runs, for whatever else the machine does only adds to them; CPU seconds (user +
system) of the whole child process, less those of an interpreter that does nothing. A budget that is
broken is marked, and the exit status is 1.
"""

import asyncio
import resource
import subprocess
import sys
import time
from contextlib import aclosing

from homeward.backends.scripted import Scripted
from homeward.model import Model, Request
from homeward.strategies.fallback import Fallback

RUNS = 9


def cpu_ms(*arguments: str) -> float:
    """The least CPU milliseconds of a child process."""
    spent = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1000 * min(spent)


async def per_word_us(model: Model, words: int) -> float:
    request = Request.of("hello")
    began = time.process_time()
    async with aclosing(model.chat(request)) as events:
        async for _ in events:
            pass
    return 1e6 * (time.process_time() - began) / words


def deep(model: Model, layers: int) -> Model:
    for _ in range(layers):
        model = Fallback([model])
    return model


def main() -> int:
    nothing = cpu_ms("-c", "pass")
    rows = [
        ("import homeward", cpu_ms("-c", "import homeward") - nothing, 150.0),
        ("homeward --help", cpu_ms("-m", "homeward", "--help") - nothing, 400.0),
    ]
    broken = False
    for name, spent, budget in rows:
        broken |= spent > budget
        mark = "OVER ITS BUDGET" if spent > budget else "of"
        print(f"{name:<20} {spent:6.0f} ms CPU  {mark} {budget:.0f}")
    words = 20_000
    for layers in (0, 5):
        tree = deep(Scripted(["word"] * words), layers)
        spent = min(asyncio.run(per_word_us(tree, words)) for _ in range(3))
        print(f"{layers} layers of fallback {spent:6.2f} µs CPU per word")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
