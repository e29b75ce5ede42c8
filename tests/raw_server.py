"""A server on loopback that sends exactly the bytes it is given, right or wrong: what no HTTP library would send.

with RawServer(lambda asked: Reply([b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}"])) as server:
    openai.OpenAI(base_url=server.url, ...)
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["AskedRaw", "RawServer", "Reply", "plain_reply"]


@dataclass(frozen=True)
class AskedRaw:
    """One request. headers: (name in lower case, value), in their order, repeated ones repeated."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for each, value in self.headers if each == name), None)


@dataclass(frozen=True)
class Reply:
    """pieces: bytes, each sent by itself, and seconds to wait. closes: hang up after them; resets: so that it hurts."""

    pieces: Iterable[bytes | float]
    closes: bool = False
    resets: bool = False


def plain_reply(status: int, content: bytes, headers: Iterable[tuple[str, str]] = ()) -> Reply:
    """A well-formed answer, with its length."""
    lines = [f"HTTP/1.1 {status} Answer", *(f"{name}: {value}" for name, value in headers)]
    head = "\r\n".join([*lines, f"content-length: {len(content)}"]) + "\r\n\r\n"
    return Reply([head.encode("latin-1") + content])


class RawServer:
    """seen: every request that came whole. reply: what each gets; the connection is kept unless the reply closes it."""

    def __init__(self, reply: Callable[[AskedRaw], Reply]):
        self.reply = reply
        self.seen: list[AskedRaw] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> "RawServer":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A client that hangs up in the middle is what some tests are about.
        with connection, contextlib.suppress(OSError):
            rest = b""
            while True:
                asked, rest = _read_request(connection, rest)
                if asked is None:
                    return
                with self._lock:
                    self.seen.append(asked)
                reply = self.reply(asked)
                for piece in reply.pieces:
                    if isinstance(piece, bytes):
                        connection.sendall(piece)
                    else:
                        time.sleep(piece)
                if reply.resets:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if reply.closes or reply.resets:
                    return


def _read_request(connection: socket.socket, rest: bytes) -> tuple[AskedRaw | None, bytes]:
    """The next request, and what came after it; None where the client hung up first."""
    while b"\r\n\r\n" not in rest:
        more = connection.recv(65536)
        if not more:
            return None, b""
        rest += more
    head, _, rest = rest.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
    size = int(next((value for name, value in headers if name == "content-length"), 0))
    got = [rest]
    length = len(rest)
    while length < size:
        more = connection.recv(1 << 20)
        if not more:
            return None, b""
        got.append(more)
        length += len(more)
    body = b"".join(got)
    return AskedRaw(method, path, headers, body[:size]), body[size:]
