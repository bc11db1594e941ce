"""One llama.cpp server in a process of its own: how it starts, what it says, how it ends."""

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec

from homeward.backends import memory
from homeward.backends.gguf import Header, read_header
from homeward.errors import BadModelFile, Failed, Rejected, TimedOut
from homeward.model import Seconds

PROGRAM = Path(__file__).with_name("llama_child.py")
USUAL_CONTEXT = 8192  # tokens; more only when asked for, since every slot has its own
EMBEDDED_CONTEXT = 2048  # tokens, of a text to embed, which is worked on in one piece
LEAST_CONTEXT = 1024  # tokens; less is no use, however short memory is
LOADING: Seconds = 900.0
LONGEST_SOCKET = 100  # bytes in a unix socket's path; systems allow 104 to 108
LAST_WORDS = 8192  # bytes of stderr that are kept
INHERITED = re.compile(
    r"PATH|(DY)?LD_LIBRARY_PATH|PYTHONPATH|HOME|LANG|LC_ALL|SYSTEMROOT|WINDIR|TEMP|TMP"
    r"|(CUDA|GGML|HIP|HSA|OMP|ROCR|VK)_\w+"
)
"""What a child sees of the environment: how to find libraries and devices, and no secret."""


@dataclass(frozen=True)
class Plan:
    """What a child is started with; equal plans share one child.

    ``context`` is in tokens, for each of the ``parallel`` slots; None for what the model was
    trained for, as `usual_context` says. ``draft`` is a smaller model with the same vocabulary that
    proposes ``draft_tokens`` at a time. ``mend`` is said when the file is not usable.
    ``template`` is Jinja, in place of the file's own; ``adapter`` is the file of a LoRA.

    A child that ``embeds`` does nothing else. ``pooling`` is how the vectors of a text's tokens
    become one: ``mean``, ``cls`` or ``last``; None for what the file says.
    """

    model: Path
    context: int | None = None
    parallel: int = 4
    threads: int | None = None
    draft: Path | None = None
    draft_tokens: int = 4
    mend: str = "download or copy it again"
    embeds: bool = False
    pooling: str | None = None
    template: str | None = None
    adapter: Path | None = None

    def __str__(self) -> str:
        return self.model.name


def usual_context(header: Header, parallel: int, usual: int = USUAL_CONTEXT) -> int:
    """Tokens for each slot: what the model was trained for, up to ``usual``.

    Less where the attention caches would take more than half of the memory that the weights leave.
    """
    most = min(header.context or usual, usual)
    free = memory.available()
    if free is None or not header.cache:
        return most
    fitting = (free - header.size) // 2 // (header.cache * parallel)
    return min(most, max(fitting // 256 * 256, LEAST_CONTEXT))


def window(plan: Plan, header: Header) -> int:
    """Tokens for each slot: those of the plan, else as `usual_context` says.

    A model that cannot say a next word has no positions beyond those that it was trained for.
    """
    usual = EMBEDDED_CONTEXT if plan.embeds else USUAL_CONTEXT
    asked = plan.context or usual_context(header, plan.parallel, usual)
    return asked if header.causal else min(asked, header.context or asked)


def pooling(plan: Plan, header: Header) -> str | None:
    """How its texts become vectors; None for a model that answers. Rejected for the wrong kind."""
    if not plan.embeds:
        if header.causal:
            return None
        raise embeds_only(str(plan))
    if found := plan.pooling or header.pooling:
        return found
    raise Rejected(
        f"{plan} was not made to embed: name a model that was, such as minilm, or say "
        "`pooling: mean` to have its vectors all the same"
    )


def embeds_only(name: str) -> Rejected:
    return Rejected(
        f"{name} embeds texts and cannot answer: ask it for embeddings, or ask another model"
    )


class _Ready(msgspec.Struct):
    address: str = ""
    error: str = ""


class Child:
    """One running process. ``address`` is the base URL of its server, ``api_key`` the way in.

    ``longest`` is how many tokens of a prompt, or of a text to embed, fit it.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: str) -> None:
        self.address = ""
        self.longest = 0
        self.api_key = secrets.token_urlsafe(24)
        self.pid = process.pid
        self._process = process
        self._stdin = cast(asyncio.StreamWriter, process.stdin)
        self._stdout = cast(asyncio.StreamReader, process.stdout)
        self._stderr = cast(asyncio.StreamReader, process.stderr)
        self._folder = folder
        self._said = bytearray()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def begin(cls, plan: Plan) -> "Child":
        header = await asyncio.to_thread(read_header, plan.model, mend=plan.mend)
        if plan.draft is not None:
            await asyncio.to_thread(read_header, plan.draft)
        pooled, context = pooling(plan, header), window(plan, header)
        child = await cls._started(plan)
        child.longest = context - header.causal  # a next word needs a place
        try:
            async with asyncio.timeout(LOADING):
                await child._load(plan, context, pooled)
        except BaseException as error:
            await child.stop()
            if isinstance(error, TimeoutError):
                raise TimedOut(
                    f"{plan} was not loaded within {LOADING:g} s: is the disk slow, memory short?"
                ) from None
            raise
        return child

    @classmethod
    async def _started(cls, plan: Plan) -> "Child":
        folder = ""
        try:
            folder = tempfile.mkdtemp(prefix="homeward-")  # for this user alone
            return cls(await _spawn(), folder)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise Failed(
                    f"no process could be started for {plan} ({error}): it needs a folder to write "
                    "to, which TMPDIR can name, and the system's limits may be too low"
                ) from None
            raise

    async def _load(self, plan: Plan, context: int, pooled: str | None) -> None:
        path = os.path.join(self._folder, "llama.sock")
        reachable = sys.platform != "win32" and len(os.fsencode(path)) <= LONGEST_SOCKET
        settings = {
            "model": str(plan.model),
            "context": context,
            "parallel": plan.parallel,
            "pooling": pooled,
            "threads": plan.threads,
            "draft": None if plan.draft is None else str(plan.draft),
            "draft_tokens": plan.draft_tokens,
            "template": plan.template,
            "adapter": None if plan.adapter is None else str(plan.adapter),
            "folder": self._folder,
            "socket": path if reachable else None,
            "api_key": self.api_key,
        }
        try:
            self._stdin.write(msgspec.json.encode(settings) + b"\n")
        except UnicodeEncodeError:
            raise BadModelFile(
                f"{str(plan.model)!r} is no name that llama.cpp can open: rename it to UTF-8"
            ) from None
        line = await self._stdout.readline()
        ready = msgspec.json.decode(line, type=_Ready) if line else _Ready()
        self.address = ready.address
        if self.address:
            return
        end = await self.ended(within=5)  # its last words come with it
        if ready.error.startswith(("ImportError", "ModuleNotFoundError")):
            raise Failed(f"the engine is not installed ({ready.error}): run `pip install homeward`")
        reason = _reason(self._said.decode(errors="replace"))
        if ready.error:
            raise BadModelFile(
                f"llama.cpp does not load {plan} ({reason or ready.error}): if memory is short say "
                "a smaller context or parallel, else take another file"
            )
        raise Failed(
            f"the engine process of {plan} {end} while it loaded ({reason or 'it said nothing'})"
        )

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def ended(self, within: Seconds) -> str:
        """How the process ended, in words; empty if it still runs after ``within`` seconds."""
        done, _ = await asyncio.wait([self._listening], timeout=within)
        if not done:
            return ""
        code = await self._process.wait()
        return f"ended with signal {-code}" if code < 0 else f"ended with exit code {code}"

    async def stop(self) -> None:
        """Kill it (it has nothing to save), and leave no socket, zombie or open pipe behind."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._stdin.close()
        try:
            await self._stdout.read()
            await asyncio.wait([self._listening])
            await self._process.wait()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _listen(self) -> None:
        """Read stderr to its end, which is the end of the process."""
        while words := await self._stderr.read(4096):
            self._said += words
            del self._said[:-LAST_WORDS]


async def _spawn() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(PROGRAM)),  # -P: this folder's http.py is not the library's
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(os.environ),
        start_new_session=True,  # Ctrl-C in the terminal is for the parent, which then stops it
    )


def _environment(whole: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in whole.items() if INHERITED.fullmatch(name.upper())}


def _reason(log: str) -> str:
    """The first error that llama.cpp logged about the model, without time, level and place.

    Where it logged none, the last line: of a failed assertion, or a Python traceback.
    """
    lines = re.findall(r"^\S+ E +(?:\w+ +)?\w+: (.*)$", log, re.MULTILINE)
    told = [line for line in lines if "fit params" not in line]  # tried before, no failure
    cause = next((line for line in told if "error loading model" in line), told[0] if told else "")
    cause = cause or next(iter(log.strip().splitlines()[::-1]), "")
    return cause.removeprefix("error loading model: ").rstrip(".")
