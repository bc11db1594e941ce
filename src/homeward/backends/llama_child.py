"""The program of a child process: one llama.cpp server over one model file.

Settings come as one line of JSON on stdin, ``{"address": ...}`` or ``{"error": ...}`` goes out as
one on stdout, and the end of stdin ends the process, at once: whoever started it may be killed and
leaves nothing behind. It imports nothing of Homeward, so that it starts fast and holds no secret.
"""

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

LOOPBACK = "127.0.0.1"
BATCH = 2048  # tokens: llama.cpp's own, and what it reads at most to fill in a middle


def main() -> None:
    os.umask(0o077)  # the socket is for this user alone
    parent = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a driver prints while it loads is no answer
    settings = json.loads(sys.stdin.readline())
    end_with_stdin(settings["folder"])
    try:
        import xllamacpp

        server = xllamacpp.Server(parameters(xllamacpp, settings))
    except Exception as error:  # any: xllamacpp raises plain RuntimeError, ImportError ...
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=parent, flush=True)
        time.sleep(0.3)  # llama.cpp logs the reason in a thread, and cannot be asked to flush
        sys.exit(1)
    if sys.platform == "linux":
        signal.signal(signal.SIGIO, signal.SIG_IGN)  # from here on the thread can run
    print(json.dumps({"address": server.listening_address}), file=parent, flush=True)
    threading.Event().wait()


def end_with_stdin(folder: str | None = None) -> None:
    """From now on, let the process end when stdin does: whoever held the other end is gone.

    The ``folder`` that was made for its socket goes too.

    No destructors: closing a `Server` that has answered nothing yet may hang for ever (llama.cpp
    b11549: ``terminate()`` may clear ``running`` before ``start_loop()`` sets it).
    """

    def wait() -> None:
        sys.stdin.read()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
    if sys.platform == "linux":
        # The constructor of a `Server` keeps the interpreter's lock for as long as the model loads,
        # and the thread cannot run. SIGIO needs no lock, and ends a process that does not catch it.
        import fcntl

        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)


def parameters(xllamacpp: Any, settings: Mapping[str, Any]) -> Any:
    """llama.cpp's ``common_params``. Its names change between builds: all that we use are here.

    ``context`` is in tokens for each of the ``parallel`` slots, which llama.cpp counts together.
    """
    params = xllamacpp.CommonParams()
    params.model.path = settings["model"]
    params.n_ctx = settings["context"] * settings["parallel"]
    params.n_parallel = settings["parallel"]
    params.n_batch = BATCH
    if settings["pooling"] is not None:
        kind = f"LLAMA_POOLING_TYPE_{settings['pooling'].upper()}"
        params.embedding = True
        params.pooling_type = getattr(xllamacpp.llama_pooling_type, kind)
        params.n_batch = params.n_ubatch = settings["context"]  # a text is worked on in one piece
    if settings["threads"] is not None:
        params.cpuparams.n_threads = settings["threads"]
        params.cpuparams_batch.n_threads = settings["threads"]
    if settings["draft"] is not None:
        kinds = xllamacpp.common_speculative_type
        params.speculative.types = [kinds.COMMON_SPECULATIVE_TYPE_DRAFT_SIMPLE]
        params.speculative.draft.mparams.path = settings["draft"]
        params.speculative.draft.n_max = settings["draft_tokens"]
    if settings.get("template") is not None:
        params.chat_template = settings["template"]
    if settings.get("adapter") is not None:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(settings["adapter"], 1.0)]

    params.hostnames = [settings["socket"] or LOOPBACK]
    params.port = 0
    params.api_keys = [settings["api_key"]]
    params.cors_origins = ""  # no web page has business here
    params.ui = False
    params.endpoint_slots = False  # would show one caller's prompt to another

    params.warmup = False
    params.cache_ram_mib = 0  # 8 GiB otherwise
    params.verbosity = 1  # errors alone: they say why a model does not load
    return params


if __name__ == "__main__":
    main()
