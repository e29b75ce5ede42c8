"""The reader's own copy of the notebooks, in workbook/: fresh to begin with, theirs once edited, never lost.

A small manifest remembers what was copied. A copy whose sources still say the same was not edited, and follows the
course; outputs do not count, because JupyterLab saves them by itself.
"""

import hashlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from helpers.course.notebooks import (
    clear_outputs,
    dump_notebook,
    find_notebook,
    read_notebook,
    write_whole,
)
from helpers.errors import CourseError
from helpers.settings import ROOT

__all__ = ["fill_workbook", "lab_command", "reset_notebook", "start_lab"]

_MANIFEST = ".copied.json"
_LAB_SETTINGS = Path(__file__).with_name("lab")


def fill_workbook(root: Path = ROOT) -> list[str]:
    """Bring workbook/ up to date with notebooks/. Returns what the reader should know, one line each.

    Raises CourseError where the folder cannot be written.
    """
    book, manifest = root / "workbook", _read_manifest(root)
    messages = []
    for source in sorted((root / "notebooks").glob("*.ipynb")):
        copy, now = book / source.name, _fingerprint(source)
        # Without a line in the manifest (it was deleted, or the file was put there by hand) only a true copy is ours.
        known = manifest.get(source.name, now)
        if not copy.exists() or (known != now and _fingerprint(copy) == known):
            _copy_notebook(source, copy)
            manifest[source.name] = now
        elif _fingerprint(copy) == now:
            manifest[source.name] = now
        elif known != now or source.name not in manifest:
            messages.append(
                f"kept your {source.stem}, which is not the course's any more; to have that: "
                f"python -m helpers reset {source.stem.split('_')[0]}"
            )
    write_whole(book / _MANIFEST, json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    return messages


def reset_notebook(name: str, root: Path = ROOT) -> str:
    """Put the course's notebook back into workbook/; the reader's version moves to workbook/backups/ first.

    Returns the sentence that says where it went, or that nothing differed. Raises CourseError: an unknown name, a
    folder that cannot be written.
    """
    source = find_notebook(name, root / "notebooks")
    copy = root / "workbook" / source.name
    fresh = copy.with_name(f".{source.stem}.fresh")
    _copy_notebook(source, fresh)  # first, so that a full disk is met while the reader's version still stands
    said = f"{copy.relative_to(root)} is the course's again"
    try:
        if copy.exists() and copy.read_bytes() == fresh.read_bytes():
            fresh.unlink()
            return f"{copy.relative_to(root)} is as the course has it: nothing to do"
        if copy.exists():
            kept = _free_name(copy)
            kept.parent.mkdir(exist_ok=True)
            copy.replace(kept)
            said += f"; yours is {kept.relative_to(root)}"
        fresh.replace(copy)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise CourseError(f"cannot write in {copy.parent}: {error.strerror}", lost="nothing") from None
    manifest = _read_manifest(root) | {source.name: _fingerprint(source)}
    write_whole(copy.with_name(_MANIFEST), json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    return said


def lab_command(arguments: Sequence[str] = (), root: Path = ROOT) -> list[str]:
    """The command that serves the course in JupyterLab. arguments: further ones of JupyterLab's own.

    Its address opens the workbook's first notebook. The page asks nobody for news, updates or extensions, and listens
    on this machine alone.
    """
    return [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={root}",  # not workbook/: the notebooks link to what lies beside it
        f"--ContentsManager.preferred_dir={root / 'workbook'}",
        f"--LabApp.default_url=/{_first_page(root)}",
        "--ServerApp.ip=127.0.0.1",
        "--Application.log_level=ERROR",  # or the address scrolls away; `-- --debug` says all
        f"--LabApp.app_settings_dir={_LAB_SETTINGS}",  # or the page asks each reader whether it may fetch news
        "--LabApp.custom_css=True",
        f"--ServerApp.tornado_settings={ {'static_custom_path': [str(_LAB_SETTINGS)]} }",  # its one place to say where
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        *(["--KernelManager.transport_encryption=auto"] if _can_encrypt() else []),  # or each kernel warns of it
        "--ServerApp.kernel_spec_manager_class=helpers.course.kernels.CourseKernels",
        *(["--allow-root"] if _is_root() else []),
        *arguments,
    ]


def start_lab(arguments: Sequence[str] = (), root: Path = ROOT) -> int:
    """Fill the workbook, serve it until the reader stops it, and print its address. Returns JupyterLab's exit code."""
    for message in fill_workbook(root):
        print(message)
    # A token that JupyterLab made itself, it would print with addresses of its own.
    environment = {"JUPYTER_TOKEN": secrets.token_hex(24), **os.environ}
    started = time.time()
    server = subprocess.Popen(lab_command(arguments, root), cwd=root, env=environment)
    threading.Thread(target=_tell_address, args=(server, root, started), daemon=True).start()
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:
            continue  # JupyterLab got it too, asks whether to stop, and ends by itself


def _first_page(root: Path) -> str:
    first = min((root / "workbook").glob("*.ipynb"), default=None)
    if first is None:
        raise CourseError("there is no notebook to open: notebooks/ is empty", folder=str(root))
    return f"lab/tree/{first.relative_to(root).as_posix()}"


def _tell_address(server: "subprocess.Popen[bytes]", root: Path, started: float) -> None:
    """Print the address once the server is up. Its port is known only then: another may have had the usual one."""
    while server.poll() is None:
        if (running := _find_server(root, started)) is not None:
            time.sleep(1)  # what JupyterLab has to say of this machine's browser comes first
            token = f"?token={running['token']}" if running.get("token") else ""
            print(f"\nOpen this in your browser: {running['url']}{_first_page(root)}{token}", flush=True)
            return
        time.sleep(0.1)


def _find_server(root: Path, started: float) -> dict[str, str] | None:
    """What a server of this folder, begun since then, wrote down of itself."""
    from jupyter_core.paths import jupyter_runtime_dir

    for path in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        with suppress(OSError, ValueError, LookupError):  # half-written, or gone again
            told: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
            if path.stat().st_mtime >= started - 1 and Path(told["root_dir"]) == root:
                return told
    return None


def _is_root() -> bool:
    """As in most containers, where JupyterLab would refuse; it listens on loopback alone, and asks for its token."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _can_encrypt() -> bool:
    """Whether what a kernel and its server say to one another can be: not with every build of ZeroMQ."""
    import zmq

    return bool(zmq.has("curve"))


def _fingerprint(path: Path) -> str:
    """What the notebook's cells say, as a short hash; a file that is no notebook has its own.

    Empty cells are left out: Shift+Enter on the last cell appends one.
    """
    try:
        said = [[cell.cell_type, cell.source] for cell in read_notebook(path).cells if cell.source.strip()]
        content = json.dumps(said).encode()
    except (CourseError, AttributeError):
        content = path.read_bytes() if path.exists() else b""
    return hashlib.sha256(content).hexdigest()[:16]


def _copy_notebook(source: Path, target: Path) -> None:
    write_whole(target, dump_notebook(clear_outputs(read_notebook(source))))


def _read_manifest(root: Path) -> dict[str, str]:
    try:
        manifest = json.loads((root / "workbook" / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _free_name(copy: Path) -> Path:
    """A name in backups/ that nothing has yet."""
    stamp = datetime.now().strftime("%Y-%m-%d_%H%M%S")
    backups = copy.parent / "backups"
    names = [f"{copy.stem}.{stamp}{more}.ipynb" for more in ("", *(f"_{n}" for n in range(2, 100)))]
    return next(backups / name for name in names if not (backups / name).exists())
