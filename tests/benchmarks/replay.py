"""What a replayed call costs, beside the SDK alone and beside vcrpy; what importing costs, beside importing openai.

    python -m tests.benchmarks.replay

The floor is the SDK with a transport that answers from memory. All are measured in turn, call by call, in one process,
so that whatever else the machine does slows all of them; the median of many is told, as a ratio to the floor.
"""

import base64
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai

from helpers import connect
from helpers.recordings import Answer
from helpers.recordings.exchange import describe_request
from helpers.recordings.redaction import Redactor
from helpers.recordings.store import Store
from helpers.settings import ROOT

__all__ = [
    "OPERATIONS",
    "build_recordings",
    "main",
    "measure_calls",
    "measure_imports",
    "measure_picture",
    "open_floor",
]

MODEL = "gpt-4.1-mini"
_CHANCE = random.Random(20261120)
_WORDS = ("the", "a", "of", "vector", "model", "token", "answer", "prompt", "cost")
_TEXTS = [" ".join(_CHANCE.choices(_WORDS, k=40)) for _ in range(16)]


def _vector() -> str:
    return base64.b64encode(_CHANCE.randbytes(1536 * 4)).decode("ascii")


def _completion() -> dict[str, Any]:
    message = {"role": "assistant", "content": " ".join(_TEXTS[:4]), "refusal": None}
    filters = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "content_filter_results": filters}
    usage = {"prompt_tokens": 60, "completion_tokens": 160, "total_tokens": 220}
    ids = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_790_000_000, "model": "engine"}
    return {**ids, "choices": [choice], "usage": usage, "prompt_filter_results": [{"prompt_index": 0, **filters}]}


def _chunk(text: str) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None, "content_filter_results": {}}
    ids = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": "engine"}
    return {**ids, "choices": [choice], "usage": None}


_VECTORS = {
    "object": "list",
    "model": "engine",
    "data": [{"object": "embedding", "index": i, "embedding": _vector()} for i in range(16)],
    "usage": {"prompt_tokens": 640, "total_tokens": 640},
}
_MESSAGES = [{"role": "system", "content": _TEXTS[0]}, {"role": "user", "content": " ".join(_TEXTS)}]
_PICTURE = b"\x89PNG\r\n\x1a\n" + _CHANCE.randbytes(1_500_000)


def _ask_json(client: openai.OpenAI) -> Any:
    return client.chat.completions.create(model=MODEL, messages=_MESSAGES, temperature=0)  # type: ignore[arg-type]


def _ask_stream(client: openai.OpenAI) -> Any:
    return list(client.chat.completions.create(model=MODEL, messages=_MESSAGES, temperature=0, stream=True))  # type: ignore[arg-type]


def _ask_vectors(client: openai.OpenAI) -> Any:
    return client.embeddings.create(model="text-embedding-3-small", input=_TEXTS)


def _ask_picture(client: openai.OpenAI) -> Any:
    return client.images.generate(model="gpt-image-1", prompt="a circle")


# Name -> (the call, its path, the answer's body as it is recorded).
OPERATIONS: dict[str, tuple[Callable[[openai.OpenAI], Any], str, dict[str, Any]]] = {
    "JSON": (_ask_json, "chat/completions", {"json": _completion()}),
    "stream of 100 chunks": (
        _ask_stream,
        "chat/completions",
        {"events": [[i, _chunk(f"word{i} ")] for i in range(100)] + [[100, "[DONE]"]]},
    ),
    "16 vectors of 1,536": (_ask_vectors, "embeddings", {"json": _VECTORS}),
    "picture of 1.5 MB": (
        _ask_picture,
        "images/generations",
        {"json": {"created": 1, "data": [{"b64_json": base64.b64encode(_PICTURE).decode("ascii")}]}},
    ),
}


def _wire_form(body: dict[str, Any]) -> tuple[bytes, str]:
    if "json" in body:
        return json.dumps(body["json"]).encode(), "application/json"
    texts = [data if isinstance(data, str) else json.dumps(data) for _, data in body["events"]]
    return "".join(f"data: {text}\n\n" for text in texts).encode(), "text/event-stream"


def open_floor(body: dict[str, Any]) -> openai.OpenAI:
    """The SDK with a transport that answers from memory."""
    content, content_type = _wire_form(body)
    headers = {"content-type": content_type, "x-request-id": "1"}
    answer = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, content=content))
    return openai.OpenAI(
        api_key="-", base_url="http://127.0.0.1/openai/v1/", http_client=httpx2.Client(transport=answer)
    )


def _captured(ask: Callable[[openai.OpenAI], Any], body: dict[str, Any]) -> httpx2.Request:
    """The request that a call makes."""
    seen = []
    content, content_type = _wire_form(body)

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, headers={"content-type": content_type}, content=content)

    http_client = httpx2.Client(transport=httpx2.MockTransport(answer))
    ask(openai.OpenAI(api_key="-", base_url="http://127.0.0.1/openai/v1/", http_client=http_client))
    return seen[0]


def build_recordings(folder: Path, count: int) -> None:
    """One recording of each operation, as the store writes it, among `count` of other requests."""
    store = Store(folder)
    store.start_recording()
    for ask, path, body in OPERATIONS.values():
        request = _captured(ask, body)
        path = f"/openai/v1/{path}"
        asked = describe_request("POST", path, {}, "application/json", request.read(), Redactor())
        about = {"elapsed_ms": 800, "recorded_on": "2026-11-20", "source": {"kind": "stand-in", "engine": "none"}}
        headers = {"content-type": _wire_form(body)[1], "x-request-id": asked.key}
        store.append(asked, Answer.from_record({"status": 200, "headers": headers, **body, **about}), Redactor())
    example = next(folder.glob("chat.*.json")).read_bytes()
    for number in range(count - len(OPERATIONS)):
        (folder / f"chat.completions.{MODEL}.{number:012x}.json").write_bytes(example)


def build_cassette(path: Path, count: int) -> None:
    """The same for vcrpy: one cassette that holds `count` exchanges."""
    import vcr
    from vcr.request import Request
    from vcr.serializers import jsonserializer

    pairs = []
    for number in range(count - len(OPERATIONS)):
        body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": str(number)}]}).encode()
        url = "http://127.0.0.1/openai/v1/chat/completions"
        pairs.append((Request("POST", url, body, {}), _vcr_answer(OPERATIONS["JSON"][2])))
    for ask, _, body in OPERATIONS.values():
        request = _captured(ask, body)
        pairs.append((Request("POST", str(request.url), request.read(), {}), _vcr_answer(body)))
    cassette = vcr.cassette.Cassette(str(path), serializer=jsonserializer, match_on=())
    for request, answer in pairs:
        cassette.append(request, answer)
    cassette._save(force=True)


def _vcr_answer(body: dict[str, Any]) -> dict[str, Any]:
    content, content_type = _wire_form(body)
    headers = {"content-type": [content_type], "x-request-id": ["1"]}
    return {"status": {"code": 200, "message": "OK"}, "headers": headers, "body": {"string": content}}


def measure_calls(
    contenders: dict[str, Callable[[], Any]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Median seconds of each, called in turn `rounds` times after a warm-up."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 3):
        for name, call in contenders.items():
            start = clock()
            call()
            if number >= 3:
                times[name].append(clock() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def measure_picture(
    folder: Path, rounds: int = 15, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, float, float]:
    """(replay, floor: seconds a call; the picture's megabytes)."""
    ask, _, body = OPERATIONS["picture of 1.5 MB"]
    client, floor = connect(folder), open_floor(body)
    taken = measure_calls({"replay": lambda: ask(client), "floor": lambda: ask(floor)}, rounds, clock)
    return taken["replay"], taken["floor"], len(_PICTURE) / 1e6


def measure_imports(rounds: int = 11) -> tuple[float, float]:
    """Median CPU seconds of a fresh process: `import helpers` and connect(), and `import openai` alone."""
    connecting = f"import helpers; helpers.connect(__import__('pathlib').Path({str(ROOT / 'data')!r}))"
    contenders = {
        name: (lambda code=code: subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True))
        for name, code in {"helpers": connecting, "openai": "import openai"}.items()
    }
    taken = measure_calls(contenders, rounds, _cpu_of_children)
    return taken["helpers"], taken["openai"]


def _cpu_of_children() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


@contextlib.contextmanager
def _settings(**values: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def main() -> None:
    """Print the table."""
    quiet = {"AZURE_OPENAI_MODE": "replay", "AZURE_OPENAI_PACE": "0", "AZURE_OPENAI_USED": ""}
    with tempfile.TemporaryDirectory() as name, _settings(**quiet):
        print("a replayed call, as a ratio to the SDK's own floor (a transport that answers from memory); target 1.5")
        print(f"{'recordings':22}{'floor':>12}{'200':>10}{'5,000':>10}{'vcrpy 200':>14}{'vcrpy 5,000':>14}")
        folders = {}
        for count in (200, 5000):
            folders[count] = Path(name) / f"recordings-{count}"
            build_recordings(folders[count], count)
            build_cassette(Path(name) / f"{count}.json", count)
        for operation, (ask, _, body) in OPERATIONS.items():
            if not operation.startswith("picture"):
                row = _measure_beside_vcrpy(Path(name), folders, ask, body)
                ratios = [f"{row[key] / row['floor']:.2f}x" for key in ("200", "5000", "vcrpy 200", "vcrpy 5000")]
                floor = f"{row['floor'] * 1000:.2f} ms"
                print(f"{operation:22}{floor:>12}{ratios[0]:>10}{ratios[1]:>10}{ratios[2]:>14}{ratios[3]:>14}")
        replay, in_memory, megabytes = measure_picture(folders[5000])
        told, floor = (f"{seconds * 1000 / megabytes:.1f} ms a megabyte" for seconds in (replay, in_memory))
        print(f"\na replayed picture costs {told} (target 3); the floor is {floor}")
        helpers, bare = measure_imports()
        print(
            f"`import helpers` and connect() cost {helpers / bare:.2f} times `import openai`, {bare:.2f} s (target 1.1)"
        )


def _measure_beside_vcrpy(
    name: Path, folders: dict[int, Path], ask: Callable[[openai.OpenAI], Any], body: dict[str, Any]
) -> dict[str, float]:
    floor = open_floor(body)
    clients = {str(count): connect(folder) for count, folder in folders.items()}
    contenders = {
        "floor": lambda: ask(floor),
        **{key: (lambda client=client: ask(client)) for key, client in clients.items()},
    }
    row = measure_calls(contenders, 150)
    for count in folders:
        import vcr

        recorder = vcr.VCR(
            serializer="json", record_mode="none", match_on=["method", "scheme", "host", "path", "query", "body"]
        )
        with recorder.use_cassette(str(name / f"{count}.json"), allow_playback_repeats=True):
            client = openai.OpenAI(api_key="-", base_url="http://127.0.0.1/openai/v1/", max_retries=0)
            row[f"vcrpy {count}"] = measure_calls(
                {"vcrpy": lambda client=client: ask(client)}, 10 if count == 200 else 3
            )["vcrpy"]
    return row


if __name__ == "__main__":
    main()
