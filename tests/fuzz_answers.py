"""Random answers through live, record and replay, held against the plain SDK: equal, or refused in a sentence.

    python -m tests.fuzz_answers --count 20000              in two processes; prints each case that failed
    python -m tests.fuzz_answers --seed 7 --case 1234       one case, with what each mode saw
    python -m tests.fuzz_answers --count 500 --only plain   the plain SDK against itself: nothing may differ
    python -m tests.fuzz_answers --count 20000 --heavy      those with bodies of half a megabyte and more, for memory

One case is asked four times: of the plain SDK, live and record of a server that sends the case's bytes, and replay of
what record kept. Batches share a folder; modes come one after the other, as in life.
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai

from helpers import connect, connect_async
from tests.forks import start_python
from tests.fuzz_cases import Case, describe, make_case
from tests.fuzz_judging import LIMIT_S, compare
from tests.fuzz_reading import Outcome, ask_case, run_now
from tests.raw_server import AskedRaw, RawServer, Reply

__all__ = ["SEED", "Report", "list_heavy", "main", "run_cases", "run_in_processes", "summarise"]

ROOT = Path(__file__).resolve().parent.parent
SEED = 2026
BATCH = 250  # cases that share a folder
KEY = "key-of-the-tests"
DATED = "2024-10-21"


@dataclass
class Report:
    """failures: (command, mode and what differs, details). refused: sentences, counted. peak_mb: of one process."""

    cases: int = 0
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    peak_mb: float = 0.0
    seconds: float = 0.0


class _Hung(BaseException):
    """No Exception, or the SDK would take it for a failing network."""


class _Clock:
    """Stands for the modules `time` and `anyio` inside the SDK: retries wait in name only."""

    def __init__(self, module: Any, waits: list[float], *, is_async: bool):
        self._module, self._waits, self._is_async = module, waits, is_async

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def sleep(self, seconds: float) -> Any:
        self._waits.append(round(seconds, 3))
        return _nothing() if self._is_async else None


async def _nothing() -> None:
    pass


class Bench:
    """The server, the clients of each mode, and the cases run through them."""

    def __init__(self, seed: int, only: str | None = None):
        self.seed, self._only = seed, only
        self._replies: Sequence[Reply] = ()
        self._count = 0
        self.server = RawServer(self._reply)
        self._loop = asyncio.new_event_loop()
        self._waits: list[float] = []
        self._clients: dict[tuple[str, bool, bool], Any] = {}

    def run(self, numbers: Sequence[int], report: Report, *, show: bool = False) -> None:
        for start in range(0, len(numbers), BATCH):
            cases = [make_case(self.seed, number) for number in numbers[start : start + BATCH]]
            with tempfile.TemporaryDirectory() as folder, self._settings():
                self._run_batch(cases, Path(folder) / "recordings", report, show)

    def close(self) -> None:
        self._forget("plain", "again", "live", "record", "replay")
        self._loop.close()
        self.server.close()

    def _run_batch(self, cases: list[Case], folder: Path, report: Report, show: bool) -> None:
        folder.mkdir()
        modes = ("plain", "again") if self._only else ("plain", "live", "record", "replay")
        seen: list[dict[str, Outcome]] = [{} for _ in cases]
        for mode in modes:
            for case, outcomes in zip(cases, seen, strict=True):
                outcomes[mode] = self._ask(mode, case, folder)
        self._forget("record", "replay")  # their folder goes
        report.cases += len(cases)
        for case, outcomes in zip(cases, seen, strict=True):
            if show:
                _print_case(case, outcomes)
            for mode in modes[1:]:
                if outcomes[mode].refusal:
                    report.refused[f"{mode}: {type(outcomes[mode].refusal).__name__}"] += 1
                for kind, details in compare(case, mode, outcomes):
                    report.failures.append((case.command, kind, f"{details} {describe(case)}"))
        if not self._only:
            left = [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]
            if left:
                report.failures.append((cases[0].command, "left-over files", str(left)))

    def _ask(self, mode: str, case: Case, folder: Path) -> Outcome:
        for chance in (1, 2):
            self._replies, self._count = case.replies, 0
            self._waits.clear()
            self.server.seen.clear()
            outcome = Outcome()
            try:
                with _at_most(LIMIT_S):
                    client = self._client(mode, case, folder)
                    asking = ask_case(client, case, outcome)
                    if case.is_async:
                        self._loop.run_until_complete(asking)
                    else:
                        run_now(asking)
            except _Hung:
                self._forget("plain", "again", "live", "record", "replay")
                outcome.hung = True
                if chance == 1:
                    continue
            outcome.asked = [_fingerprint(asked) for asked in self.server.seen]
            outcome.waits = list(self._waits)
            return outcome
        raise AssertionError("there are two chances")

    def _reply(self, asked: AskedRaw) -> Reply:
        reply = self._replies[min(self._count, len(self._replies) - 1)]
        self._count += 1
        return reply

    def _client(self, mode: str, case: Case, folder: Path) -> Any:
        made = (mode, case.dated, case.is_async)
        if made not in self._clients:
            self._clients[made] = self._connect(*made, folder)
        return self._clients[made]

    def _connect(self, mode: str, dated: bool, is_async: bool, folder: Path) -> Any:
        if mode not in ("plain", "again"):
            os.environ["AZURE_OPENAI_MODE"] = mode
            return (connect_async if is_async else connect)(folder, DATED if dated else None)
        if dated:
            azure = openai.AsyncAzureOpenAI if is_async else openai.AzureOpenAI
            return azure(azure_endpoint=self.server.url, api_version=DATED, api_key=KEY)
        plain = openai.AsyncOpenAI if is_async else openai.OpenAI
        return plain(base_url=f"{self.server.url}/openai/v1/", api_key=KEY)

    def _forget(self, *modes: str) -> None:
        for made in [made for made in self._clients if made[0] in modes]:
            client = self._clients.pop(made)
            if made[2]:
                self._loop.run_until_complete(client.close())
            else:
                client.close()

    @contextlib.contextmanager
    def _settings(self) -> Iterator[None]:
        wanted = {
            "AZURE_OPENAI_ENDPOINT": self.server.url, "AZURE_OPENAI_API_KEY": KEY, "AZURE_OPENAI_AD_TOKEN": "",
            "AZURE_OPENAI_PACE": "0", "AZURE_OPENAI_USED": "", "AZURE_OPENAI_MODE": "replay", "NO_PROXY": "127.0.0.1",
        }  # fmt: skip
        before = dict(os.environ)
        os.environ.pop("OPENAI_API_VERSION", None)
        os.environ.update(wanted)
        sdk = importlib.import_module("openai._base_client")
        kept = {name: getattr(sdk, name) for name in ("time", "anyio", "random")}
        sdk.time = _Clock(kept["time"], self._waits, is_async=False)
        sdk.anyio = _Clock(kept["anyio"], self._waits, is_async=True)
        sdk.random = lambda: 0.5
        try:
            yield
        finally:
            for name, value in kept.items():
                setattr(sdk, name, value)
            os.environ.clear()
            os.environ.update(before)


def list_heavy(seed: int, numbers: Sequence[int], size: int = 500_000) -> list[int]:
    """Those of the cases that have a body of so many bytes."""
    return [number for number in numbers if make_case(seed, number).size >= size]


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):  # Windows: the runner's own limit is all there is
        yield
        return

    def stop(*_: Any) -> None:
        raise _Hung

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _fingerprint(asked: AskedRaw) -> tuple[Any, ...]:
    """A request without what is drawn anew for each."""
    kind = asked.header("content-type") or ""
    boundary = kind.partition("boundary=")[2]
    body = asked.body.replace(boundary.encode(), b"BOUNDARY") if boundary else asked.body
    headers = {
        (name, value.replace(boundary, "BOUNDARY") if boundary else value)
        for name, value in asked.headers
        if name != "idempotency-key"
    }
    return asked.method, asked.path, tuple(sorted(headers)), len(asked.headers), body


def run_cases(seed: int, numbers: Sequence[int], *, only: str | None = None, show: bool = False) -> Report:
    """Run these cases in this process."""
    report, start = Report(), time.perf_counter()
    bench = Bench(seed, only)
    try:
        bench.run(numbers, report, show=show)
    finally:
        bench.close()
    report.seconds, report.peak_mb = time.perf_counter() - start, _peak_mb()
    return report


def _peak_mb() -> float:
    """The most memory that this process held. Linux counts a parent's into getrusage's figure: so not that one."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 2**10  # type: ignore[index]
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def run_in_processes(seed: int, numbers: Sequence[int], processes: int = 2, only: str | None = None) -> Report:
    """Run these cases in processes of their own, which share them evenly."""
    running = []
    for index in range(processes):
        command = ["-m", "tests.fuzz_answers", "--seed", str(seed), "--worker"]
        command += ["--only", only] if only else []
        process = start_python(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        running.append((process, json.dumps(list(numbers[index::processes]))))
    for process, given in running:
        assert process.stdin is not None
        process.stdin.write(given)
        process.stdin.close()
    whole = Report()
    for process, _ in running:
        assert process.stdout is not None
        text = process.stdout.read()
        if process.wait() != 0:
            raise RuntimeError(f"a process of the fuzzing ended with {process.returncode}: {text[-2000:]}")
        part = json.loads(text.splitlines()[-1])
        whole.cases += part["cases"]
        whole.failures += [tuple(failure) for failure in part["failures"]]
        whole.refused.update(part["refused"])
        whole.peak_mb = max(whole.peak_mb, part["peak_mb"])
        whole.seconds = max(whole.seconds, part["seconds"])
    return whole


def _print_case(case: Case, outcomes: dict[str, Outcome]) -> None:
    print(case.command)
    print(describe(case))
    for number, reply in enumerate(case.replies):
        for piece in reply.pieces:
            print(f"  reply {number}: {piece[:600]!r}" if isinstance(piece, bytes) else f"  wait {piece}")
        print(f"  reply {number}: then it {'hangs up' if reply.closes else 'waits for more'}")
    for mode, outcome in outcomes.items():
        print(f"  {mode}: {len(outcome.asked)} requests, waits {outcome.waits}, hung {outcome.hung}")
        for piece in outcome.pieces:
            print(f"    piece {piece[:400]}")
        print(f"    error {outcome.error}\n    headers {outcome.headers}\n    refusal {outcome.refusal}")


def summarise(report: Report, shown: int = 3) -> str:
    """Failures by kind, with a few reproducers of each."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    for command, kind, details in report.failures:
        kinds.setdefault(kind, []).append((command, details))
    cases = len({command for command, _, _ in report.failures})
    lines = [
        f"{report.cases} cases, {cases} failed, {report.seconds:.0f} s, peak {report.peak_mb:.0f} MB, "
        f"refused {dict(report.refused)}"
    ]
    for kind, found in sorted(kinds.items(), key=lambda pair: -len(pair[1])):
        lines.append(f"{len(found):6}  {kind}")
        lines += [f"          {command}\n            {details[:500]}" for command, details in found[:shown]]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_answers", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--case", type=int, help="this one alone, with everything that was seen")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", choices=["plain"], help="the plain SDK against itself")
    parser.add_argument("--heavy", action="store_true", help="of these, only cases with large bodies")
    parser.add_argument("--shown", type=int, default=3, help="reproducers of each kind of failure")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        report = run_cases(options.seed, json.load(sys.stdin), only=options.only)
        print(json.dumps(vars(report)))
        return 0
    if options.case is not None:
        report = run_cases(options.seed, [options.case], only=options.only, show=True)
    else:
        numbers: Sequence[int] = range(options.first, options.first + options.count)
        numbers = list_heavy(options.seed, numbers) if options.heavy else numbers
        report = run_in_processes(options.seed, numbers, options.processes, options.only)
    print(summarise(report, options.shown))
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
