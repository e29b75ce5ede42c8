"""One client's WebSocket, message by message, over the sans-IO part of `websockets`.

Its own server answers a client that closes at once. Here the answer waits until the session is kept, so that a cell
whose `with` has ended, or a program that has, leaves a whole recording behind.
"""

import asyncio
import contextlib
import http.client
from collections import deque
from collections.abc import Iterable

from websockets.exceptions import ConnectionClosed, InvalidState, ProtocolError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

__all__ = ["Wire"]

_PIECE = 1 << 16
_PATIENCE_S = 2.0  # for a client that was told of the end, to end too
_ABNORMAL = 1006


class Wire:
    """read_request() first, then accept() or refuse(); then receive() and send(), by one task each; end() at last."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader, self._writer = reader, writer
        self._protocol = ServerProtocol(max_size=None)
        self._messages: deque[str | bytes] = deque()
        self._begun: list[bytes] = []
        self._is_text = True
        self._is_over = False
        self._request: Request | None = None
        self.is_accepted = False

    @property
    def closed_with(self) -> tuple[int, str]:
        """The code and the reason that the client closed with; 1006 where it was gone, or has not closed."""
        close = self._protocol.close_rcvd
        return (close.code, close.reason) if close else (_ABNORMAL, "")

    async def read_request(self) -> Request | None:
        """None where whoever came asked for no WebSocket."""
        while not (events := self._protocol.events_received()):
            if not await self._take_in():
                return None
        self._request = events[0] if isinstance(events[0], Request) else None
        return self._request

    async def accept(self) -> None:
        assert self._request is not None
        response = self._protocol.accept(self._request)
        self._protocol.send_response(response)
        self.is_accepted = response.status_code == 101
        await self._flush()

    async def refuse(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        response: Response = self._protocol.reject(status, "")  # type: ignore[arg-type]  # a status may be a gateway's own
        response.reason_phrase = http.client.responses.get(status, "")
        for name in ("Content-Type", "Content-Length"):
            del response.headers[name]
        for name, value in headers:
            response.headers[name] = value
        response.headers["Content-Length"] = str(len(body))
        response.body = body
        self._protocol.send_response(response)
        await self._flush()

    async def receive(self) -> str | bytes | None:
        """The next message; None when the client has closed, or is gone."""
        while not self._messages:
            if self._is_over or not await self._take_in():
                return None
            for event in self._protocol.events_received():
                if isinstance(event, Frame):
                    self._assemble(event)
            if not self._is_over:  # the answer to a ping; that to a close waits for end()
                await self._flush()
        return self._messages.popleft()

    def _assemble(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._is_over = True
        elif frame.opcode in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            if frame.opcode is not Opcode.CONT:
                self._is_text = frame.opcode is Opcode.TEXT
            self._begun.append(bytes(frame.data))
            if frame.fin:
                data, self._begun = b"".join(self._begun), []
                self._messages.append(data.decode("utf-8", "replace") if self._is_text else data)

    async def send(self, message: str | bytes) -> None:
        """Nothing happens where the client has closed."""
        with contextlib.suppress(InvalidState, ProtocolError, ConnectionClosed):
            if isinstance(message, str):
                self._protocol.send_text(message.encode("utf-8", "surrogatepass"))
            else:
                self._protocol.send_binary(message)
        if not self._is_over:
            await self._flush()

    async def close(self, code: int, reason: str) -> None:
        """End the session from our side; with 1006, without a word, as a network that breaks."""
        if code == _ABNORMAL:
            self._writer.transport.abort()
            return
        with contextlib.suppress(InvalidState, ProtocolError, ConnectionClosed):
            self._protocol.send_close(code if code != 1005 else None, reason if code != 1005 else "")
        await self._flush()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                while await self.receive() is not None:
                    pass

    async def end(self) -> None:
        """Answer a client that has closed, and hang up."""
        await self._flush()
        with contextlib.suppress(OSError):
            self._writer.close()
            await self._writer.wait_closed()

    async def _take_in(self) -> bool:
        try:
            data = await self._reader.read(_PIECE)
        except OSError:
            data = b""
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
            self._is_over = True
        return bool(data)

    async def _flush(self) -> None:
        with contextlib.suppress(OSError):
            for data in self._protocol.data_to_send():
                if data:
                    self._writer.write(data)
                elif self._writer.can_write_eof():
                    self._writer.write_eof()
            await self._writer.drain()
