"""The role, as it would be run: on this machine, below a folder of the test's, as this user.

Nothing is installed, started or asked over a network; see `homeward_root` of the role.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from homeward.machine.fleet.written import ollama as written

DEPLOY = Path(__file__).parents[2] / "deploy"
ROLE = DEPLOY / "ansible" / "roles" / "homeward"
SOURCE = Path(__file__).parents[2] / "src"
PROGRAMS = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
CONFIG = {"models": {"auto": {"openai": {"model": "x", "api_key": "${A_KEY}"}}}}
VARIABLES = {"OLLAMA_CONTEXT_LENGTH": "8192", "OLLAMA_KEEP_ALIVE": "-1"}


def program(name: str) -> str:
    found = shutil.which(name, path=PROGRAMS)
    if found is None:
        pytest.skip(f"{name} is not installed: pip install ansible-core ansible-lint")
    return found


class Site:
    """The playbook of the repository over a machine that is the folder ``root``."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "root"
        archive = folder / "ollama.tar.gz"
        (folder / "bin").mkdir()
        (folder / "bin" / "ollama").write_text("#!/bin/sh\n")
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(folder / "bin", "bin")
        checksum = hashlib.sha256(archive.read_bytes()).hexdigest()
        self.variables: dict[str, Any] = {
            "homeward_root": str(self.root),
            "homeward_ollama_version": "0.30.0",
            "homeward_ollama_checksum": f"sha256:{checksum}",
            "homeward_ollama_archive": archive.as_uri(),
            "homeward_ollama_environment": VARIABLES,
            "homeward_config": CONFIG,
            "homeward_keys": {"A_KEY": 'a "quoted" $word'},
        }

    def installed(self) -> None:
        """As if pip had been there: what it would install is this checkout."""
        folder = self.root / "opt" / "homeward" / "0.1.0" / "bin"
        folder.mkdir(parents=True)
        (folder / "pip").write_text("")
        script = f'#!/bin/sh\nPYTHONPATH="{SOURCE}" exec "{sys.executable}" -m homeward "$@"\n'
        (folder / "homeward").write_text(script)
        (folder / "homeward").chmod(0o755)

    def play(self, *words: str, **variables: object) -> subprocess.CompletedProcess[str]:
        local = {"ansible_connection": "local", "ansible_become": False}
        local["ansible_python_interpreter"] = sys.executable
        hosts = {"homeward": {"hosts": {"localhost": local}}}
        inventory = self.folder / "inventory.json"
        inventory.write_bytes(msgspec.json.encode(hosts))
        given = self.folder / "variables.json"
        given.write_bytes(msgspec.json.encode(self.variables | variables))
        return subprocess.run(
            [program("ansible-playbook"), "-i", inventory, "-e", f"@{given}", *words, "site.yml"],
            cwd=DEPLOY / "ansible",
            env=environment(self.folder),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def file(self, path: str) -> Path:
        return self.root / path.removeprefix("/")


def environment(folder: Path) -> Mapping[str, str]:
    return {
        "PATH": PROGRAMS,
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_REMOTE_TMP": str(folder / "remote"),
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }


def counted(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """The line behind PLAY RECAP."""
    assert done.returncode == 0, done.stdout + done.stderr
    line = done.stdout.strip().splitlines()[-1]
    pairs = (word.split("=") for word in line.split() if "=" in word)
    return {name: int(number) for name, number in pairs}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture(scope="module")
def put(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site where it was run once."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.installed()
    counted(site.play())
    return site


# ---------------------------------------------------------------- check mode


def test_check_mode_tells_what_it_would_do_and_changes_nothing(site: Site) -> None:
    done = site.play("--check", "--diff", "-vvv")
    assert counted(done)["failed"] == 0
    assert "+ExecStart=/opt/homeward/current/bin/homeward serve" in done.stdout
    assert "quoted" not in done.stdout + done.stderr  # of the key
    assert not site.root.exists()


def test_the_playbook_is_right_in_its_syntax(site: Site) -> None:
    assert site.play("--syntax-check").returncode == 0


# ---------------------------------------------------------------- what it puts in place


def test_a_second_run_changes_nothing(put: Site) -> None:
    assert counted(put.play())["changed"] == 0


def test_the_configuration_is_what_was_said_and_finds_its_variables(put: Site) -> None:
    assert yaml.safe_load(put.file("/etc/homeward/homeward.yaml").read_text()) == CONFIG


def test_keys_are_for_root_alone(put: Site) -> None:
    file = put.file("/etc/homeward/keys.env")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == 'A_KEY="a \\"quoted\\" \\$word"\n'


def test_the_pinned_version_of_ollama_is_the_current_one(put: Site) -> None:
    assert put.file("/opt/ollama/current").readlink() == Path("/opt/ollama/0.30.0")
    assert put.file("/opt/ollama/0.30.0/bin/ollama").is_file()
    assert [*put.file("/opt/ollama").glob("*.tar*")] == []


def test_the_drop_in_is_as_our_fleet_plan_writes_it(
    put: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "environment", lambda plan: VARIABLES)
    monkeypatch.setattr(written, "told", lambda plan: "")
    expected = written.drop_in(None)  # type: ignore[arg-type]  # both that read it are replaced
    assert put.file("/etc/systemd/system/ollama.service.d/fleet.conf").read_text() == expected


# ---------------------------------------------------------------- what it refuses


def test_a_wrong_configuration_is_not_put_in_place(put: Site) -> None:
    done = put.play(homeward_config={"models": {"auto": {"embeded": {"model": "box/arith"}}}})
    assert done.returncode != 0
    assert "embeded" in done.stdout
    assert yaml.safe_load(put.file("/etc/homeward/homeward.yaml").read_text()) == CONFIG


def test_an_archive_with_another_checksum_is_refused(site: Site) -> None:
    site.installed()
    done = site.play(homeward_ollama_checksum="sha256:" + 64 * "0")
    assert done.returncode != 0
    assert not site.file("/opt/ollama/0.30.0/bin/ollama").exists()


@pytest.mark.parametrize(
    "wrong", [{"homeward_ollama_version": ""}, {"homeward_ollama_checksum": "x"}]
)
def test_what_is_not_pinned_is_refused(site: Site, wrong: Mapping[str, str]) -> None:
    done = site.play("--check", **wrong)
    assert done.returncode != 0
    assert "sha256sum.txt" in done.stdout


# ---------------------------------------------------------------- the rest


def test_the_linter_has_nothing_to_say(tmp_path: Path) -> None:
    done = subprocess.run(
        [program("ansible-lint"), "--offline", "--profile", "production", "--nocolor"],
        cwd=DEPLOY / "ansible",
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_builtin_modules_are_used() -> None:
    used = set[str]()
    for file in [*(ROLE / "tasks").glob("*.yml"), *(ROLE / "handlers").glob("*.yml")]:
        for task in yaml.safe_load(file.read_text()):
            for each in [task, *task.get("block", [])]:
                used |= {key for key in each if "." in key}
    assert used
    assert {key.rpartition(".")[0] for key in used} == {"ansible.builtin"}


def test_the_role_installs_the_version_that_this_is() -> None:
    project = (SOURCE.parent / "pyproject.toml").read_text()
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    assert f'version = "{defaults["homeward_version"]}"' in project


def test_every_default_is_described() -> None:
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())
    options = specs["argument_specs"]["main"]["options"]
    assert set(options) == {*defaults, "homeward_config"}


def test_the_example_s_configuration_is_right() -> None:
    from homeward.config import parse

    found = yaml.safe_load((DEPLOY / "ansible" / "inventory.example.yml").read_text())
    config = found["homeward"]["vars"]["homeward_config"]
    assert [*parse(yaml.safe_dump(config, sort_keys=False)).models] == ["small", "coder", "auto"]
