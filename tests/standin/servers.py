"""Runs a web application on a port of this machine: in a thread, or until Ctrl-C."""

import logging
import socket
import sys
import threading
import time

import uvicorn
from starlette.types import ASGIApp

__all__ = ["LOOPBACK", "ThreadServer", "bind", "make_server"]

LOOPBACK = "127.0.0.1"
_START_SECONDS = 20
_LARGEST_FRAME = 32 * 1024 * 1024  # bytes: a piece of sound may have 15 MiB, a third more in base64


def bind(host: str = LOOPBACK, port: int = 0) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises OSError when the port is taken.

    Binding first and serving after leaves no moment in which another process could take the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's delay off only where it is: 40 ms an answer.
    server = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
    except BaseException:
        server.close()
        raise
    return server


def make_server(app: ASGIApp) -> uvicorn.Server:
    """Quiet: requests hold readers' texts, and a log would keep them."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        ws_max_size=_LARGEST_FRAME,
        ws_ping_interval=None,  # a reader may think for minutes, and a client that is not read from answers no ping
        ws_per_message_deflate=False,  # sound does not shrink
    )
    logging.getLogger("uvicorn.error").addFilter(_is_worth_saying)
    return uvicorn.Server(config)


def _is_worth_saying(record: logging.LogRecord) -> bool:
    """uvicorn takes a handshake that was answered with a refusal for one that was forgotten."""
    return "without completing handshake" not in record.getMessage()


class ThreadServer:
    """Serves an application in a thread of this process until `stop`. url: http://host:port."""

    def __init__(self, app: ASGIApp, host: str = LOOPBACK, port: int = 0):
        self._socket = bind(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self.url = f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"
        self._server = make_server(app)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True, name=f"serve-{self.port}"
        )
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the server on port {self.port} did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """End the server. May be called again."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()
