"""One `homeward serve`, as a user starts it, for all clients."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="session")
def gateway_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address that `homeward serve` says it has."""
    home = tmp_path_factory.mktemp("home")
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    serving = subprocess.Popen(
        [sys.executable, "-m", "homeward", "serve", "-c", HERE / "gateway.yaml", "--port", "0"],
        env={**os.environ, "HOMEWARD_HOME": str(home), "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert serving.stderr is not None
    said = serving.stderr.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert found, said + serving.stderr.read()
    yield found[0]
    serving.terminate()
    rest = serving.stderr.read()
    assert (serving.wait(60), "Traceback" in rest) == (0, False), rest
    serving.stderr.close()
