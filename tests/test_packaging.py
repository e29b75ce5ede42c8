"""The lists of packages say the same thing, and `make setup` does what it promises to whatever it finds."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from helpers.settings import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COURSE = PROJECT["dependencies"]
EXTRAS = PROJECT["optional-dependencies"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[0-9][\w.+!]*)(?: ; sys_platform == \"\w+\")?")
ENVIRONMENT = (ROOT / "environment.yml").read_text(encoding="utf-8")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(lines: list[str]) -> dict[str, str]:
    matches = [PIN.fullmatch(line) for line in lines]
    assert all(matches), [line for line, match in zip(lines, matches, strict=True) if not match]
    return {canonical(match["name"]): match["version"] for match in matches if match}


PINS = read_pins(LOCK)


def test_the_lock_holds_pins_and_nothing_else():
    assert len(PINS) == len(LOCK), "a package is pinned twice"
    assert [canonical(line.split("==")[0]) for line in LOCK] == sorted(PINS)


def test_every_dependency_is_pinned():
    wanted = {canonical(name) for name in [*COURSE, *(name for extra in EXTRAS.values() for name in extra)]}
    assert wanted <= set(PINS), wanted - set(PINS)


def test_what_is_installed_is_what_the_lock_says():
    own = {"pip", canonical(PROJECT["name"])}
    installed = {canonical(one.metadata["Name"]): one.version for one in metadata.distributions()}
    assert {name: version for name, version in installed.items() if name not in own and PINS.get(name) != version} == {}


def test_environment_yml_names_the_same_packages_at_the_same_versions():
    pip = next(entry["pip"] for entry in yaml.safe_load(ENVIRONMENT)["dependencies"] if isinstance(entry, dict))
    options = [entry for entry in pip if entry.startswith("--")]
    assert options == ["--constraint requirements.lock", "--editable ."]
    named = read_pins([entry for entry in pip if not entry.startswith("--")])
    assert named == {canonical(name): PINS[canonical(name)] for name in COURSE}


def test_both_lists_give_the_same_reason_for_a_package():
    def reasons(text: str, pattern: str) -> dict[str, str]:
        return {match[1]: match[2] for match in re.finditer(pattern, text, re.M)}

    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    in_project = reasons(project, r'^    "([\w-]+)", +# (.+)$')
    in_environment = reasons(ENVIRONMENT, r"^ +- ([\w-]+)==\S+ +# (.+)$")
    assert in_environment == {name: in_project.get(name) for name in COURSE}


def test_every_dependency_has_its_reason_beside_it():
    explained: set[str] = set()
    for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r' +"([\w-]+)",(?: +# (.+))?', line):
            assert match[2] or match[1] in explained, f"{match[1]}: no reason"
            explained.add(match[1])
    assert explained == {*COURSE, *(name for extra in EXTRAS.values() for name in extra)}


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.lock", "environment.yml", "Makefile", ".ci/setup"])
def test_no_list_names_a_place_to_fetch_from(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.findall(r"://|--hash|index-url|channels:|\b[\w-]+\.(?:org|io|com|net)\b", text)


def test_the_tests_python_is_one_that_the_project_serves():
    assert PROJECT["requires-python"] == ">=3.11"
    assert sys.version_info >= (3, 11)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that has the set-up's files and an own, empty PATH beside it: nothing here reaches a network."""
    (tmp_path / ".ci").mkdir()
    for name in ("pyproject.toml", "requirements.lock", ".ci/setup", ".ci/uv_settings.py"):
        shutil.copy2(ROOT / name, tmp_path / name)
    commands = tmp_path / "commands"
    commands.mkdir()
    tools = (
        "sh",
        "cat",
        "cksum",
        "cut",
        "dirname",
        "du",
        "find",
        "ls",
        "mkdir",
        "mv",
        "pwd",
        "rm",
        "sleep",
        "touch",
        "wc",
    )
    for command in tools:
        (commands / command).symlink_to(shutil.which(command) or "/nowhere")
    return tmp_path


def put_python(checkout: Path, version: str = "3.12", venv: bool = True, pip: str = "true") -> Path:
    """A python3 on the checkout's PATH. What its environments' pip is asked is logged, and `pip` (shell) is run."""
    path = checkout / "commands" / "python3"
    minor = version.split(".")[1]
    path.write_text(
        f"""#!/bin/sh
        case "$*" in
            *fcntl*) exec {sys.executable} "$@" ;;
            *"%d.%d"*) echo {version} ;;
            *"import venv"*) {"true" if venv else "false"} ;;
            *"import pip"*) test -e "$(dirname "$0")/pip" ;;
            *version_info*) test {minor} -ge 11 ;;
            -VV|-V) echo Python {version}.0 ;;
            "-m venv "*) mkdir -p .venv/bin .venv/lib/python{version}/site-packages/x.dist-info
                cat "$0" > .venv/bin/python; chmod +x .venv/bin/python; touch .venv/bin/pip ;;
            "-m pip "*) echo "$*" >> pip.log; {pip} ;;
        esac""",
        encoding="utf-8",
    )
    path.chmod(0o755)
    (checkout / "commands" / "chmod").unlink(missing_ok=True)
    (checkout / "commands" / "chmod").symlink_to(shutil.which("chmod") or "/nowhere")
    return path


def set_up(checkout: Path, *extras: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(checkout / "commands")}
    command = [str(checkout / "commands" / "sh"), ".ci/setup", *(extras or ["test"])]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=60)


def pip_calls(checkout: Path) -> list[str]:
    log = checkout / "pip.log"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def test_a_machine_without_python_is_told_so(checkout):
    ended = set_up(checkout)
    assert ended.returncode == 1
    assert "no Python was found" in ended.stderr and "3.11 or newer" in ended.stderr


def test_a_python_that_is_too_old_is_named(checkout):
    put_python(checkout, "3.9")
    ended = set_up(checkout)
    assert ended.returncode == 1
    assert "Python 3.11 or newer is needed" in ended.stderr and "python3 is 3.9" in ended.stderr


def test_a_newer_python_beside_an_old_one_is_taken(checkout):
    put_python(checkout, "3.13").rename(checkout / "commands" / "python3.13")
    put_python(checkout, "3.9")
    assert set_up(checkout).returncode == 0
    assert (checkout / ".venv" / "lib" / "python3.13").exists()


def test_a_missing_venv_module_is_told_with_what_to_install(checkout):
    put_python(checkout, venv=False)
    ended = set_up(checkout)
    assert ended.returncode == 1
    assert "venv module is missing" in ended.stderr and "apt-get install python3-venv" in ended.stderr


def test_the_second_set_up_installs_nothing(checkout):
    put_python(checkout)
    assert set_up(checkout).returncode == 0
    before = pip_calls(checkout)
    assert before[-1].endswith("--constraint requirements.lock --no-build-isolation --editable .[test]")
    again = set_up(checkout)
    assert (again.returncode, pip_calls(checkout)) == (0, before)
    assert "1 packages" in again.stdout and " MB" in again.stdout


def test_a_touched_file_installs_nothing_and_a_changed_one_does(checkout):
    put_python(checkout)
    set_up(checkout)
    before = pip_calls(checkout)
    os.utime(checkout / "requirements.lock")
    set_up(checkout)
    assert pip_calls(checkout) == before
    with (checkout / "requirements.lock").open("a") as lock:
        lock.write("zzz==1.0\n")
    set_up(checkout)
    assert len(pip_calls(checkout)) > len(before)


def test_a_further_extra_is_installed_once_and_alone(checkout):
    put_python(checkout)
    set_up(checkout)
    set_up(checkout, "test", "bench")
    assert pip_calls(checkout)[-1].endswith("--editable .[bench]")
    before = pip_calls(checkout)
    set_up(checkout, "test", "bench")
    assert pip_calls(checkout) == before


def test_a_killed_set_up_is_noticed_and_mended(checkout):
    put_python(checkout, pip="kill -9 $PPID")
    assert set_up(checkout).returncode != 0
    put_python(checkout)
    (checkout / ".venv" / "left-over").touch()
    ended = set_up(checkout)
    assert ended.returncode == 0 and "half-made" in ended.stdout
    assert not (checkout / ".venv" / "left-over").exists()
    assert "half-made" not in set_up(checkout).stdout


def test_a_set_up_killed_before_its_packages_is_mended_too(checkout):
    python = put_python(checkout)
    whole = python.read_text()
    python.write_text(whole.replace("touch .venv/bin/pip ;;", "touch .venv/bin/pip; kill -9 $PPID ;;"))
    assert set_up(checkout).returncode != 0
    python.write_text(whole)
    ended = set_up(checkout)
    assert ended.returncode == 0 and "half-made" in ended.stdout


def test_an_environment_whose_python_is_gone_is_made_again(checkout):
    put_python(checkout)
    set_up(checkout)
    (checkout / ".venv" / "bin" / "python").unlink()
    ended = set_up(checkout)
    assert ended.returncode == 0 and "making it again" in ended.stdout
    assert (checkout / ".venv" / "bin" / "python").exists()


def test_an_environment_that_was_moved_is_made_again(checkout, tmp_path_factory):
    put_python(checkout)
    set_up(checkout)
    moved = tmp_path_factory.mktemp("elsewhere") / "checkout"
    checkout.rename(moved)
    assert "was moved" in set_up(moved).stdout
    assert (moved / ".venv" / "made-in").read_text().strip() == str(moved)


def test_no_network_for_a_further_extra_leaves_what_was_there_working(checkout):
    put_python(checkout)
    set_up(checkout)
    python = checkout / ".venv" / "bin" / "python"
    python.write_text(python.read_text().replace("pip.log; true", "pip.log; false"))
    failed = set_up(checkout, "test", "bench")
    assert failed.returncode == 1 and "when the network is back" in failed.stderr
    again = set_up(checkout)
    assert again.returncode == 0 and "half-made" not in again.stdout


UV = """case "$*" in *" uv") mkdir -p .venv/uv/bin; cp commands/uv .venv/uv/bin/uv ;; esac"""


def put_uv(checkout: Path, ending: str = "true") -> None:
    """A python3 whose pip brings a uv that logs what it is asked, and does `ending` (shell)."""
    put_python(checkout, pip=UV)
    (checkout / "commands" / "cp").symlink_to(shutil.which("cp") or "/nowhere")
    uv = checkout / "commands" / "uv"
    uv.write_text(f'#!/bin/sh\necho "uv $*" >> pip.log; {ending}\n', encoding="utf-8")
    uv.chmod(0o755)


def test_uv_installs_the_packages_where_it_can_be_had_and_does_not_stay(checkout):
    put_uv(checkout)
    assert set_up(checkout, "lab").returncode == 0
    fetched, first, second = pip_calls(checkout)
    assert "--only-binary :all: --constraint requirements.lock uv" in fetched
    asked = "uv pip install --quiet --python .venv/bin/python --constraint requirements.lock"
    assert [first, second] == [f"{asked} setuptools", f"{asked} --no-build-isolation --editable .[lab]"]
    assert not (checkout / ".venv" / "uv").exists()


def test_pip_installs_what_uv_could_not(checkout):
    put_uv(checkout, ending="false")
    assert set_up(checkout, "lab").returncode == 0
    calls = pip_calls(checkout)
    assert calls[1].startswith("uv ") and calls[-1].startswith("-m pip ") and calls[-1].endswith("--editable .[lab]")
    assert not (checkout / ".venv" / "uv").exists()


def told_to_uv(tmp_path: Path, listed: str = "", **environment: str) -> tuple[int, dict[str, str]]:
    """What .ci/uv_settings.py exports, read by a shell. listed: what `pip config list` prints, else the real pip's."""
    if listed:
        (tmp_path / "pip.py").write_text(f"print({listed!r})", encoding="utf-8")
    given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    command = [sys.executable, str(ROOT / ".ci" / "uv_settings.py")]
    ended = subprocess.run(
        command, env={**given, "PYTHONPATH": str(tmp_path), **environment}, capture_output=True, text=True, timeout=60
    )
    shown = subprocess.run(["sh", "-c", f"{ended.stdout}\nenv"], env={}, capture_output=True, text=True, timeout=60)
    exported = dict(line.partition("=")[::2] for line in shown.stdout.splitlines())
    return ended.returncode, {name: value for name, value in exported.items() if name not in {"PWD", "_", "SHLVL"}}


def test_uv_looks_where_pip_was_told_to_look(tmp_path):
    environment = {"PIP_FIND_LINKS": "/e /f", "PIP_CERT": "/g.pem", "PIP_INDEX_URL": "file:///a b$(c)'d"}
    assert told_to_uv(tmp_path, **environment, PIP_DEFAULT_TIMEOUT="9") == (
        0,
        {
            "UV_DEFAULT_INDEX": "file:///a b$(c)'d",
            "UV_FIND_LINKS": "/e,/f",
            "UV_HTTP_TIMEOUT": "9",
            "SSL_CERT_FILE": "/g.pem",
            "UV_INDEX_STRATEGY": "unsafe-best-match",
        },
    )


def test_pips_environment_goes_before_its_files(tmp_path):
    listed = (
        ":env:.index-url='file:///of-environment'\n"
        "install.index-url='file:///of-install'\ninstall.trusted-host='one two'\n"
        "global.index-url='file:///of-file'\nglobal.extra-index-url='\\nfile:///c\\nfile:///d'\nglobal.x.y='z'"
    )
    _, settings = told_to_uv(tmp_path, listed)
    assert settings == {
        "UV_DEFAULT_INDEX": "file:///of-environment",
        "UV_INDEX": "file:///c file:///d",
        "UV_INSECURE_HOST": "one two",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_what_uv_was_told_itself_stays(tmp_path):
    _, settings = told_to_uv(tmp_path, PIP_INDEX_URL="file:///a", UV_DEFAULT_INDEX="file:///own")
    assert settings == {"UV_INDEX_STRATEGY": "unsafe-best-match"}


def test_a_setting_that_uv_has_not_leaves_the_installing_to_pip(tmp_path):
    assert told_to_uv(tmp_path, PIP_NO_INDEX="1") == (1, {})


def test_readers_install_nothing_that_only_the_checks_need():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    asked = dict(re.findall(r"^([\w-]+):.*\n(?:\t.*\n)*?\t@?\.ci/setup (.+)$", makefile, re.M))
    assert (asked["setup"], asked["standin"]) == ("lab", "lab standin")
    assert re.search(r"^lab: setup$", makefile, re.M)
    readers = {*COURSE, *EXTRAS["lab"]}
    assert not readers & {"pytest", "ruff", "mypy", "nbval", *EXTRAS["browser"], *EXTRAS["bench"]}


# --- two at once


def begin_set_up(checkout: Path, told: int = subprocess.PIPE) -> subprocess.Popen[str]:
    command = [str(checkout / "commands" / "sh"), ".ci/setup", "test"]
    environment = {"PATH": str(checkout / "commands")}
    return subprocess.Popen(command, cwd=checkout, env=environment, stdout=told, stderr=told, text=True)


def test_two_set_ups_at_once_take_turns_and_install_once(checkout):
    put_python(checkout, pip="test ! -e busy || touch clash; touch busy; sleep 0.3; rm -f busy")
    both = [begin_set_up(checkout) for _ in range(2)]
    outputs = [one.communicate(timeout=60) for one in both]
    assert [one.returncode for one in both] == [0, 0], outputs
    assert not (checkout / "clash").exists()
    assert len(pip_calls(checkout)) == 3, "uv, which this pip has not, then setuptools and the packages"
    assert sum("another make setup is at work" in out for out, _ in outputs) == 1
    assert all("1 packages" in out and err == "" for out, err in outputs), outputs


def test_a_set_up_waits_for_what_a_killed_one_left_running_and_no_longer(checkout):
    put_python(checkout, pip="kill -9 $PPID; sleep 1; touch ended")
    with begin_set_up(checkout, subprocess.DEVNULL) as killed:
        assert killed.wait(60) != 0
    assert not (checkout / "ended").exists(), "its pip works on"
    put_python(checkout, pip="test -e ended || touch clash")
    ended = set_up(checkout)
    assert ended.returncode == 0 and "another make setup is at work" in ended.stdout
    assert not (checkout / "clash").exists()
    assert "another" not in set_up(checkout).stdout


def test_where_python_cannot_lock_files_a_set_up_goes_on(checkout):
    python = put_python(checkout)
    python.write_text(python.read_text().replace(f'exec {sys.executable} "$@"', "exit 1"))
    assert set_up(checkout).returncode == 0


# --- packages that were deleted

SITE = ".venv/lib/python3.12/site-packages"
PIP_INSTALLS = f"""
    mkdir -p {SITE}/openai-1.0.dist-info {SITE}/openai {SITE}/azure/core {SITE}/__pycache__ {SITE}/lib.libs
    touch {SITE}/openai/__init__.py {SITE}/azure/core/__init__.py {SITE}/lib.libs/a.so
    touch {SITE}/six.py {SITE}/~six.py "{SITE}/two words.pth" """


@pytest.mark.parametrize(
    "deleted",
    ["*", "openai", "openai/*", "openai-1.0.dist-info", "azure", "azure/core", "azure/core/*", "six.py", "lib.libs"],
)
def test_an_environment_that_lost_a_package_is_made_again(checkout, deleted):
    put_python(checkout, pip=PIP_INSTALLS)
    set_up(checkout)
    before = len(pip_calls(checkout))
    for path in (checkout / SITE).glob(deleted):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    ended = set_up(checkout)
    assert ended.returncode == 0 and "making it again" in ended.stdout, ended.stdout
    assert len(pip_calls(checkout)) > before
    assert (checkout / SITE / "openai" / "__init__.py").exists() and (checkout / SITE / "six.py").exists()
    before = len(pip_calls(checkout))
    assert "again" not in set_up(checkout).stdout and len(pip_calls(checkout)) == before


@pytest.mark.parametrize(
    "change",
    ["mv {}/openai-1.0.dist-info {}/openai-1.1.dist-info", "rm -r {}/__pycache__", "rm {}/~six.py", "touch {}/b"],
)
def test_what_a_reader_upgraded_or_added_is_left_alone(checkout, change):
    put_python(checkout, pip=PIP_INSTALLS)
    set_up(checkout)
    before = len(pip_calls(checkout))
    subprocess.run(change.replace("{}", SITE), shell=True, cwd=checkout, check=True)
    assert "again" not in set_up(checkout).stdout and len(pip_calls(checkout)) == before


# --- python -m helpers, where its packages are not

BARE = """
import runpy, sys
sys.modules.update(dict.fromkeys(ABSENT))  # None: importing it fails as if it were not there
sys.argv = ["helpers", *ARGUMENTS]
sys.version_info = VERSION
runpy.run_module("helpers", run_name="__main__")
"""
EVERYTHING = {canonical(name).replace("-", "_") for name in PINS} | {"dotenv", "PIL", "azure", "IPython"}
COMMANDS = [["lab"], ["reset", "00"], ["doctor"], ["deployments", "02"], ["record", "00", "--yes"]]
COMMANDS += [["migrate", "03", "gpt-4.1-mini", "gpt-5.4-mini", "--write"], ["freshness"]]


def run_bare(
    arguments: list[str], absent: set[str], version: tuple[int, ...] = (3, 12, 0)
) -> subprocess.CompletedProcess:
    settings = f"ABSENT, ARGUMENTS, VERSION = {absent!r}, {arguments!r}, {version!r}\n"
    command = [sys.executable, "-c", settings + BARE]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_without_its_packages_says_what_to_run(arguments):
    ended = run_bare(arguments, EVERYTHING)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Traceback" not in ended.stderr and len(ended.stderr.splitlines()) <= 6
    assert "this Python lacks a package that the course needs: " in ended.stderr
    assert "make setup" in ended.stderr and f".venv/bin/python -m helpers {' '.join(arguments)}" in ended.stderr
    assert "environment.yml" in ended.stderr


def test_the_lab_without_jupyterlab_says_so_before_it_starts():
    ended = run_bare(["lab"], {"jupyterlab"})
    assert ended.returncode == 1 and "needs: jupyterlab" in ended.stderr and "Traceback" not in ended.stderr


def test_a_python_that_is_too_old_for_the_commands_is_told_so():
    ended = run_bare(["lab"], EVERYTHING, (3, 10, 9))
    assert ended.returncode == 1 and "Python 3.11 or newer is needed, and this is 3.10" in ended.stderr
    assert "Traceback" not in ended.stderr and "make setup" in ended.stderr


def test_without_packages_the_commands_still_list_themselves():
    ended = run_bare(["--help"], EVERYTHING)
    assert ended.returncode == 0 and "open the course in JupyterLab" in ended.stdout


def test_a_module_of_the_course_itself_that_is_missing_is_no_missing_package():
    ended = run_bare(["reset", "00"], {"helpers.course"})
    assert ended.returncode == 1 and "this Python lacks" not in ended.stderr and "Traceback" in ended.stderr
