"""A small real HTTP server on loopback, in threads, and a `Wire` that points connect() at it.

    def test_something(wire):
        wire.serve(lambda seen: Answer.of_json({...}))
        client = wire.connect("record")

The server can also stand in for an Azure host: it then speaks TLS behind a proxy's CONNECT, as a company's proxy does,
under a certificate made for the test.
"""

import base64
import datetime
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from helpers import connect, connect_async

__all__ = ["Answer", "Seen", "Server", "Wire", "answer_plainly", "draw_png", "open_wire"]

ENGINE = "Engine of the tests"


@dataclass(frozen=True)
class Seen:
    """One request as it reached the server; `headers` has names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What the server sends. chunks: (seconds to wait before, bytes). cut: hang up after them, without an end."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    chunks: Sequence[tuple[float, bytes]] = ()
    cut: bool = False

    @classmethod
    def of_json(cls, value: Any, status: int = 200, **headers: str) -> "Answer":
        return cls(status, {"content-type": "application/json", **_dashed(headers)}, json.dumps(value).encode())

    @classmethod
    def of_bytes(cls, data: bytes, content_type: str, **headers: str) -> "Answer":
        return cls(200, {"content-type": content_type, **_dashed(headers)}, data)

    @classmethod
    def of_events(cls, events: Sequence[Any], pace: float = 0.0, *, cut: bool = False, **headers: str) -> "Answer":
        """Server-sent events, `pace` seconds apart; a str is sent as it is, anything else as JSON."""
        texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
        chunks = [(pace if i else 0.0, f"data: {text}\n\n".encode()) for i, text in enumerate(texts)]
        return cls(200, {"content-type": "text/event-stream", **_dashed(headers)}, None, chunks, cut)


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class Server:
    """Answers what `answer` says; keeps what it saw. host: the Azure host that it stands in for, through a proxy."""

    def __init__(self, answer: Callable[[Seen], Answer], certificate: Path | None = None):
        self.answer = answer
        self.seen: list[Seen] = []
        self.tunnels: list[str] = []
        self._lock = threading.Lock()
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._http = _Listener(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def note(self, seen: Seen) -> None:
        with self._lock:
            self.seen.append(seen)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    owner: Server

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that hung up, or was killed, is what some tests are about


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def do_CONNECT(self) -> None:
        owner = self.server.owner
        owner.tunnels.append(self.path)
        self.send_response(200)
        self.end_headers()
        assert owner._tls is not None
        self.connection = owner._tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        size = int(self.headers.get("content-length", 0))
        body = self.rfile.read(size)
        if len(body) < size:  # a client that was killed while it asked has asked nothing
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, self.path, headers, body)
        self.server.owner.note(seen)
        answer = self.server.owner.answer(seen)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.body is not None:
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for wait, data in answer.chunks:
            if wait:
                time.sleep(wait)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        if answer.cut:
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")

    do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def draw_png(size: int = 8, colour: tuple[int, int, int] = (20, 90, 160), level: int = 6) -> bytes:
    """A PNG of one colour; level: how hard it is compressed, so that one picture has several encodings."""
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(out, "PNG", compress_level=level)
    return out.getvalue()


def answer_plainly() -> Callable[[Seen], Answer]:
    """Answers every operation of the SDK in the service's shape; each answer differs from all before (a count)."""
    lock, count = threading.Lock(), [0]

    def answer(seen: Seen) -> Answer:
        with lock:
            count[0] += 1
            number = count[0]
        named = {"x_request_id": f"request-{number}", "x_standin_engine": ENGINE, "x_ms_region": "Nowhere"}
        path = seen.path.partition("?")[0]
        if path.endswith("/audio/speech"):
            return Answer.of_bytes(b"ID3" + bytes(range(256)) * 40 + str(number).encode(), "audio/mpeg", **named)
        if "/audio/" in path:
            return Answer.of_json({"text": f"heard {len(seen.body) > 0} {number}"}, **named)
        if "/images/" in path:
            picture = base64.b64encode(draw_png(16, (number % 256, 1, 2))).decode()
            return Answer.of_json({"created": 1, "data": [{"b64_json": picture}]}, **named)
        if path.endswith("/embeddings"):
            return Answer.of_json(_embed(seen.json, number), **named)
        if seen.method == "GET":
            job = {"id": "batch_1", "object": "batch", "status": ["validating", "in_progress"][number > 1]}
            return Answer.of_json(job, **named)
        if seen.json.get("stream"):
            return Answer.of_events(_chunks(number), **named)
        return Answer.of_json(_completion(f"answer {number} · grüße 你好 \u2028 🙂", number), **named)

    return answer


def _completion(text: str, number: int) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "content_filter_results": {}}
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    ids = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1_790_000_000, "model": "engine-1"}
    return {**ids, "choices": [choice], "usage": usage, "score": 1.25e-7}


def _chunks(number: int, words: int = 6) -> list[Any]:
    def chunk(*choices: Any) -> dict[str, Any]:
        return {"id": f"chatcmpl-{number}", "object": "chat.completion.chunk", "created": 1, "model": "engine-1"} | {
            "choices": list(choices)
        }

    told = [
        chunk({"index": 0, "delta": {"content": f"wort{i} ü{number} "}, "finish_reason": None}) for i in range(words)
    ]
    return [chunk(), *told, chunk({"index": 0, "delta": {}, "finish_reason": "stop"}), "[DONE]"]


def _embed(asked: dict[str, Any], number: int) -> dict[str, Any]:
    import array

    texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    data = []
    for index, _ in enumerate(texts):
        vector: Any = [0.1 * index, -1.5, 1e-9, float(number)]
        if asked.get("encoding_format") == "base64":
            vector = base64.b64encode(array.array("f", vector).tobytes()).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    return {"object": "list", "data": data, "model": "engine-1", "usage": usage}


class Wire:
    """A server, a folder of recordings, and clients between them. Sets every setting itself."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
        self.folder, self.server = folder, None
        self._monkeypatch, self._servers = monkeypatch, []
        self.set(AZURE_OPENAI_ENDPOINT="", AZURE_OPENAI_USED="", AZURE_OPENAI_RECORDINGS="", AZURE_OPENAI_PACE="0")
        self.set(AZURE_OPENAI_API_KEY="", AZURE_OPENAI_AD_TOKEN="", OPENAI_API_VERSION="", AZURE_OPENAI_MODE="replay")

    def set(self, **environment: str) -> None:
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)

    def serve(self, answer: Callable[[Seen], Answer]) -> Server:
        """Start a server; the endpoint is its address and the key is some text."""
        self.server = self._start(Server(answer))
        self.set(AZURE_OPENAI_ENDPOINT=self.server.url, AZURE_OPENAI_API_KEY="key-of-the-tests")
        return self.server

    def serve_as(self, host: str, answer: Callable[[Seen], Answer]) -> Server:
        """Start a server that stands in for `host`, such as an Azure resource's, over TLS and through a proxy."""
        certificate = _make_certificate(self.folder.with_name("certificate.pem"), host)
        self.server = self._start(Server(answer, certificate))
        self.set(AZURE_OPENAI_ENDPOINT=f"https://{host}", AZURE_OPENAI_API_KEY="key-of-the-tests")
        self.set(HTTPS_PROXY=self.server.url, SSL_CERT_FILE=str(certificate), NO_PROXY="127.0.0.1,localhost")
        return self.server

    def connect(self, mode: str = "replay", api_version: str | None = None, **environment: str) -> Any:
        self.set(AZURE_OPENAI_MODE=mode, **environment)
        return connect(self.folder, api_version)

    def connect_async(self, mode: str = "replay", api_version: str | None = None, **environment: str) -> Any:
        self.set(AZURE_OPENAI_MODE=mode, **environment)
        return connect_async(self.folder, api_version)

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(self.folder.glob("*.json"))]

    def close(self) -> None:
        for server in self._servers:
            server.close()

    def _start(self, server: Server) -> Server:
        self._servers.append(server)
        return server


def open_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """The `wire` fixture: `wire = pytest.fixture(open_wire)` in a module of tests."""
    wire = Wire(tmp_path / "recordings", monkeypatch)
    yield wire
    wire.close()


def _make_certificate(path: Path, host: str) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(encoding))
    return path
