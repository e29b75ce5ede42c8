"""The process's one listener on loopback, which is there from the moment on when somebody comes, and no earlier.

Each connect() has a path of its own that nobody can guess, so that neither its sessions meet another's nor a web page
reaches them. All sessions share one thread with one event loop; `websockets` is imported there.
"""

import asyncio
import atexit
import contextlib
import os
import secrets
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import httpx2

if TYPE_CHECKING:
    from helpers.recordings.realtime.line import Line
    from helpers.recordings.session import Session

__all__ = ["LineURL"]

_LEFT_S = 10.0  # to keep, when the program ends, what sessions are still open
_sessions: "WeakValueDictionary[str, Session]" = WeakValueDictionary()
_lock = threading.Lock()
_listener: "_Listener | None" = None


class LineURL(httpx2.URL):
    """The `websocket_base_url` of a client: reading it opens the listener, in a fork another one.

    So whoever asks nothing through a WebSocket opens no socket. path: of the client's base URL. prepare: is called
    before somebody connects.
    """

    def __init__(self, session: "Session", path: str, prepare: Callable[[], None]):
        self._prepare = prepare
        self._secret = secrets.token_urlsafe(16)
        self._path = path.rstrip("/")
        _sessions[self._secret] = session

    @property
    def _uri_reference(self) -> Any:  # type: ignore[override]  # all that a URL knows of itself
        global _listener
        self._prepare()
        with _lock:
            if _listener is None:
                _listener = _Listener()
            port = _listener.port
        return httpx2.URL(f"ws://127.0.0.1:{port}/{self._secret}{self._path}")._uri_reference


class _Listener:
    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.socket.getsockname()[1]
        self._lines: dict[str, Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        threading.Thread(target=self._run, name="realtime", daemon=True).start()
        atexit.register(self._end)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._welcome, sock=self.socket, backlog=128)
        async with server:
            await server.serve_forever()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from helpers.recordings.realtime.line import Line
        from helpers.recordings.realtime.wire import Wire

        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        wire = Wire(reader, writer)
        try:
            request = await wire.read_request()
            if request is None:
                return
            secret, _, path = request.path.removeprefix("/").partition("/")
            session = _sessions.get(secret)
            if session is None:
                await wire.refuse(404, [], b"")
                return
            for one in self._lines.keys() - _sessions.keys():
                del self._lines[one]
            line = self._lines.setdefault(secret, Line(session))
            await line.serve(wire, f"/{path}", request.headers.raw_items())
        except asyncio.CancelledError:
            pass  # the program ends
        finally:
            self._tasks.discard(task)
            with contextlib.suppress(Exception):
                await wire.end()

    def _end(self) -> None:
        """The program ends: each open session is kept as one that its reader has left."""
        if self._loop and self._tasks:
            with contextlib.suppress(Exception):
                asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result(_LEFT_S)

    async def _leave(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=_LEFT_S)


def _forget() -> None:
    """In a fork: the thread is not there, and the port is the parent's."""
    global _listener, _lock
    _lock = threading.Lock()
    if _listener is not None:
        atexit.unregister(_listener._end)
        _listener.socket.close()
        _listener = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
