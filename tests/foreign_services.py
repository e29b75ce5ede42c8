"""OpenAI-compatible services that nobody here wrote: litellm's proxy before the stand-in, and llama.cpp's own server.

Both are only started where what they need was made or fetched before: see tests/other_clients.py and the standin extra.
"""

import importlib.util
import json
import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.other_clients import find_python
from tests.standin import Standin, serve
from tests.standin.engines import ENGINES, EngineProcess
from tests.standin.servers import bind
from tests.standin.weights import WeightsMissing, fetch

__all__ = ["Service", "ServiceMissing", "start_litellm", "start_llama"]

_START_SECONDS = 90  # litellm alone imports for twenty on a slow machine


class ServiceMissing(Exception):
    """What a service needs is not there; the message says what makes it."""


@dataclass(frozen=True)
class Service:
    """base_url: ends in /v1. model: one that it serves. embedding: one that embeds, or None. weights: of the engine."""

    name: str
    base_url: str
    key: str
    model: str
    embedding: str | None = None
    weights: Path | None = None


@contextmanager
def start_llama() -> Iterator[Service]:
    """llama.cpp's server as xllamacpp brings it, over the small chat model, in a process of its own."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise ServiceMissing("xllamacpp is not installed: make test-standin installs it")
    file = ENGINES["smollm2"].weights
    assert file is not None
    try:
        (weights,) = fetch([file])
    except WeightsMissing as error:
        raise ServiceMissing(str(error)) from error
    engine = EngineProcess("llama.cpp", ["--model", str(weights)])
    try:
        yield Service("llama.cpp", f"{engine.url}/v1", "no-key-is-asked-for", "smollm2", None, weights)
    finally:
        engine.stop()


@contextmanager
def start_litellm(folder: Path) -> Iterator[Service]:
    """litellm's proxy in its own environment, before a stand-in that answers nonsense. folder: for its settings."""
    python = find_python()
    if python is None:
        raise ServiceMissing("litellm's environment is not there: python -m tests.other_clients makes it")
    with serve() as standin:
        port, key = _find_free_port(), "sk-" + secrets.token_hex(32)
        log = folder / "litellm.log"
        with log.open("wb") as told:
            process = subprocess.Popen(
                _litellm_command(python, folder, standin, port),
                cwd=folder,
                env=_litellm_environment(standin, key),
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_until_it_answers(f"http://127.0.0.1:{port}/health/liveliness", process, log)
            names = ("gpt-4o", "text-embedding-3-small")
            yield Service("litellm", f"http://127.0.0.1:{port}/v1", key, *names)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _litellm_command(python: Path, folder: Path, standin: Standin, port: int) -> list[str]:
    served = [
        {
            "model_name": name,
            "litellm_params": {
                "model": f"openai/{name}",
                "api_base": f"{standin.endpoint}/openai/v1",
                "api_key": "os.environ/STANDIN_KEY",
            },
        }
        for name in ("gpt-4o", "text-embedding-3-small")
    ]
    settings = {"model_list": served, "litellm_settings": {"num_retries": 0, "telemetry": False, "drop_params": False}}
    (folder / "litellm.yaml").write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    run = ["-c", "import sys; from litellm import run_server; sys.exit(run_server())"]
    return [str(python), *run, "--config", "litellm.yaml", "--host", "127.0.0.1", "--port", str(port)]


def _litellm_environment(standin: Standin, key: str) -> dict[str, str]:
    ours = ("OPENAI_", "AZURE_", "LITELLM_", "DATABASE_", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    # It would otherwise send word of itself elsewhere, fetch lists of prices, or look for a database.
    environment |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", "DISABLE_ADMIN_UI": "True"}
    environment |= {"STANDIN_KEY": standin.key, "LITELLM_MASTER_KEY": key}
    return environment | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _find_free_port() -> int:
    with bind() as probe:
        return probe.getsockname()[1]


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.25)
    process.kill()
    raise RuntimeError(f"litellm's proxy did not start: {log.read_text(errors='replace')[-3000:]}")
