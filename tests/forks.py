"""Kernels and programs of the tests without seconds of importing: forks of one process that has imported all they need.

Starting Python, a kernel and what a notebook needs takes three seconds of a processor; a fork takes a twentieth of one.
One process forks for a whole run of the tests. A forked kernel is ipykernel's own, over its own sockets; that one
started from nothing does the same, the first notebook shows, which gets no other: in nbval and in the browser.
"""

import atexit
import contextlib
import gc
import importlib
import io
import json
import operator
import os
import re
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import types
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

__all__ = ["Fork", "can_fork", "fork_kernels", "forks_folder", "no_forks", "run_python", "serve_forks", "start_python"]

ROOT = Path(__file__).resolve().parent.parent
can_fork = hasattr(os, "fork") and hasattr(socket, "send_fds")
_ADDRESS = "TESTS_FORKS"  # the environment's name for the socket of the process that forks
_KERNEL = "ipykernel_launcher"
_INLINE = "module://matplotlib_inline.backend_inline"
_IMPORTED = (
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "IPython.core.completer"),
    *("IPython.core.completerlib", "IPython.core.logger", "IPython.core.oinspect", "stack_data"),
    *("matplotlib.backends.backend_agg", "matplotlib.figure", "matplotlib_inline.backend_inline", "pandas"),
    *("pip._internal.cli.main", "pip._internal.commands.download"),
    *("nbclient", "openai", "httpcore2", "pygments.formatters.terminal256", "encodings.idna", "encodings.utf_8_sig"),
)
_LATE = re.compile(r"^\s*(?:import|from) +(?!tests\b)([\w.]+)", re.M)


# --- asking for forks


class Fork:
    """As subprocess.Popen([sys.executable, ...], text=True), in a session of its own: of it, what the tests use.

    arguments: python, then "-m", module, ... or "-c", code, ...
    """

    def __init__(
        self,
        arguments: Sequence[str],
        cwd: Any = None,
        env: Mapping[str, str] | None = None,
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
        start_new_session: bool = True,
    ):
        assert start_new_session and arguments[1] in ("-m", "-c"), arguments
        self.args, self.returncode = list(map(str, arguments)), None
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        self.stderr: IO[str] | None = None
        job = {"arguments": self.args[1:], "cwd": str(cwd or Path.cwd())}
        job["environment"] = dict(os.environ if env is None else env)
        with contextlib.ExitStack() as ours:
            given = []
            for number, place in enumerate((stdin, stdout, stderr)):
                if place == subprocess.PIPE:
                    read, write = os.pipe()
                    theirs, own = (read, write) if number == 0 else (write, read)
                    ours.callback(os.close, theirs)
                    opened = os.fdopen(own, "w" if number == 0 else "r", encoding="utf-8")
                    setattr(self, ("stdin", "stdout", "stderr")[number], opened)
                elif place == subprocess.DEVNULL:
                    theirs = os.open(os.devnull, os.O_RDWR)
                    ours.callback(os.close, theirs)
                elif place == subprocess.STDOUT:
                    theirs = given[1]
                else:
                    theirs = number if place is None else place if isinstance(place, int) else place.fileno()
                given.append(theirs)
            self._line = socket.socket(socket.AF_UNIX)
            self._line.connect(os.environ[_ADDRESS])
            socket.send_fds(self._line, [b"!"], given)
        self._line.sendall(json.dumps(job).encode() + b"\n")
        self._said = b""
        self.pid = int(self._read_line(None) or 0)

    def _read_line(self, seconds: float | None) -> str | None:
        """What the process that forks says next; None where it says nothing in time."""
        self._line.settimeout(seconds)
        while b"\n" not in self._said:
            try:
                more = self._line.recv(100)
            except (TimeoutError, BlockingIOError):
                return None
            assert more, "the process that forks has ended"
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            ended = self._read_line(timeout)
            if ended is None:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(ended)
            self._line.close()
        return self.returncode

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        if self.stdin:
            with self.stdin:
                self.stdin.write(input or "")
        limit = None if timeout is None else time.monotonic() + timeout
        with ThreadPoolExecutor(2) as readers:
            told = [readers.submit(stream.read) if stream else None for stream in (self.stdout, self.stderr)]
            try:
                out, err = (one.result(limit and limit - time.monotonic()) if one else "" for one in told)
                self.wait(limit and max(0, limit - time.monotonic()))
            except TimeoutError:
                self.kill()
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
        return out, err

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def forks_folder() -> Path:
    """A folder for all processes of this run of the tests, gone at its end."""
    return Path(os.environ[_ADDRESS]).parent


def start_python(arguments: Sequence[str], **options: Any) -> "Fork | subprocess.Popen[str]":
    """As subprocess.Popen([sys.executable, *arguments], text=True) in a session of its own: a fork, where it can be."""
    command = [sys.executable, *arguments]
    if can_fork and _ADDRESS in os.environ:
        return Fork(command, **options)
    return subprocess.Popen(command, text=True, start_new_session=True, **options)


def run_python(
    arguments: Sequence[str], timeout: float = 60, check: bool = False, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """As subprocess.run([sys.executable, *arguments], capture_output=True, text=True): a fork, where it can be."""
    process = start_python(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    out, err = process.communicate(timeout=timeout)
    ended = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    if check:
        ended.check_returncode()
    return ended


def fork_kernels(but: str = "") -> None:
    """From now on every kernel that this process starts is a fork, where it can be.

    but: part of the paths of notebooks whose kernels a server of Jupyter starts from nothing.
    """
    from jupyter_client import launcher

    def start(arguments: Sequence[str], **options: Any) -> Any:
        is_ours = arguments[0] == sys.executable and list(arguments[1:3]) == ["-m", _KERNEL]
        is_excepted = but and but in (options.get("env") or {}).get("JPY_SESSION_NAME", "")
        may_fork = is_ours and not is_excepted and can_fork and _ADDRESS in os.environ
        return (Fork if may_fork else subprocess.Popen)(arguments, **options)

    launcher.Popen = start


@contextlib.contextmanager
def no_forks() -> Iterator[None]:
    """Within it, kernels and programs of this process are started from nothing."""
    address = os.environ.pop(_ADDRESS, None)
    try:
        yield
    finally:
        if address:
            os.environ[_ADDRESS] = address


@contextlib.contextmanager
def serve_forks() -> Iterator[None]:
    """The process that forks, for this process and all that it starts."""
    with tempfile.TemporaryDirectory() as folder:
        address = str(Path(folder, "forks"))
        # A fork keeps no threads, so none of a library's may be there.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen(64)  # who asks before the imports are done waits
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.forks", str(listener.fileno())],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )
        listener.close()
        os.environ[_ADDRESS] = address
        try:
            yield
        finally:
            del os.environ[_ADDRESS]
            assert server.stdin
            server.stdin.close()
            server.wait(20)


# --- the process that forks


def _serve(listener: socket.socket) -> None:
    base = _find_own_path()
    if sys.stdin in select.select([listener, sys.stdin], [], [])[0]:  # who asks for no fork pays for none
        return
    _prepare()
    lines: dict[int, socket.socket] = {}  # process -> who asked for it
    ended, wake = socket.socketpair()
    for end in (ended, wake):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the tests' to take; it closes our input
    signal.set_wakeup_fd(wake.fileno())
    with selectors.DefaultSelector() as selector:
        for source in (listener, sys.stdin, ended):
            selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    for process in lines:
                        _end(process)
                    return
                if key.fileobj is ended:
                    ended.recv(4096)
                    _say_who_ended(lines, selector)
                elif key.fileobj is listener:
                    line, _ = listener.accept()
                    process = _fork(line, base, [listener, ended, wake, *lines.values()])
                    lines[process] = line
                    selector.register(line, selectors.EVENT_READ, process)
                elif key.data in lines:  # who asked for it is gone
                    selector.unregister(key.fileobj)
                    lines.pop(key.data).close()
                    _end(key.data)


def _prepare() -> None:
    """Import, and do once, what takes time the first time and keeps nothing that a notebook could see."""
    for name in [*_IMPORTED, *_list_imported()]:
        with contextlib.suppress(ImportError):  # who needs it says so
            importlib.import_module(name)
    fork_kernels()
    _ask_nobody()
    _draw_once()
    _fail_once()
    gc.collect()
    gc.freeze()  # or each fork's collector would touch, and so copy, all of it


def _list_imported() -> list[str]:
    """What the notebooks import, and every helper."""
    sources = []
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        with contextlib.suppress(ValueError, KeyError):  # a broken notebook is for its own tests to tell of
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            sources += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    files = sorted((ROOT / "helpers").rglob("[!_]*.py"))
    helpers = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    return [*dict.fromkeys(_LATE.findall("\n".join(sources))), *helpers]


def _ask_nobody() -> None:
    """The SDK loads its parts, and makes the schema of each kind of answer, when it first needs them."""
    import openai
    from openai.types import CreateEmbeddingResponse
    from openai.types.chat import ChatCompletion, ChatCompletionChunk
    from openai.types.responses import Response, ResponseStreamEvent

    with openai.OpenAI(api_key="none") as client:
        for part in ("chat.completions", "completions", "responses", "embeddings", "images", "audio", "models"):
            operator.attrgetter(part)(client)
    told = {"type": "response.created", "response": {"output": [], "tools": []}}
    for kind in (ChatCompletion, ChatCompletionChunk, Response, ResponseStreamEvent, CreateEmbeddingResponse):
        openai._models.construct_type(type_=kind, value=told)


def _draw_once() -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 2))
    axes = figure.subplots()
    axes.set_title("words", fontweight="bold")
    axes.plot([1, 2], label="1")
    axes.legend()
    FigureCanvasAgg(figure).print_png(io.BytesIO())


def _fail_once() -> None:
    """For the first traceback IPython finds the files of all modules, and makes ready to colour Python."""
    from IPython.core.ultratb import AutoFormattedTB

    try:
        raise ValueError
    except ValueError as error:
        AutoFormattedTB(mode="Context").structured_traceback(type(error), error, error.__traceback__)


def _find_own_path() -> list[str]:
    """sys.path without what the environment and the command put there, which each fork has its own of."""
    given = [str(Path(folder).absolute()) for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    return [folder for folder in sys.path[1:] if folder not in given]


def _end(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _say_who_ended(lines: dict[int, socket.socket], selector: selectors.BaseSelector) -> None:
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not process:
            return
        if (line := lines.pop(process, None)) is not None:
            selector.unregister(line)
            with line, contextlib.suppress(OSError):
                line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _fork(line: socket.socket, base: list[str], inherited: list[socket.socket]) -> int:
    _, standard, _, _ = socket.recv_fds(line, 1, 3)
    with line.makefile("rb") as sent:
        job = json.loads(sent.readline())
    process = os.fork()
    if process:
        for number in standard:
            os.close(number)
        return process
    code = 1
    try:
        os.setsid()  # before its number is told: who asked may end its whole group
        line.sendall(f"{os.getpid()}\n".encode())
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for kept in (line, *inherited):
            kept.close()
        code = _become(job, standard, base)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _become(job: dict[str, Any], standard: list[int], base: list[str]) -> int:
    """What `python` does with these arguments. Returns its exit code."""
    for place, number in enumerate(standard):
        os.dup2(number, place)
        os.close(number)
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["cwd"])
    kind, what, *arguments = job["arguments"]
    folders = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    sys.path[:] = [*(["" if kind == "-c" else job["cwd"]] if what != _KERNEL else []), *folders, *base]
    sys.argv = [kind if kind == "-c" else what, *arguments]
    if what == _KERNEL:
        sys.modules["matplotlib"].rcParams["backend"] = os.environ.get("MPLBACKEND") or _INLINE  # read when imported
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__annotations__ = {}
    try:
        if kind == "-c":
            exec(compile(what, "<string>", "exec"), main.__dict__)
        else:
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        return 0
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else bool(ended.code)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
