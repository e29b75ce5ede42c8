"""The transports that connect() hands to the SDK. All that is decided, `Session.flow` decides; here is the waiting.

A flow is a generator, as in httpx2's own authentication: it yields a request to be sent, and is given the response; it
yields that response to have its next piece, and is given the piece, None at the end; it returns what the SDK receives.
A failure of the network is raised where the flow stands.
"""

from collections.abc import AsyncIterator, Iterator

import httpx2

from helpers.recordings.session import Session

__all__ = ["AsyncRecordingTransport", "RecordingTransport"]


class RecordingTransport(httpx2.BaseTransport):
    """client: asks the service; None in replay."""

    def __init__(self, session: Session, client: httpx2.Client | None):
        self._session, self._client = session, client

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        flow = self._session.flow(request, request.read())
        pieces: Iterator[bytes] | None = None
        response: httpx2.Response | None = None
        try:
            wanted = next(flow)
            while True:
                try:
                    given: httpx2.Response | bytes | None
                    if isinstance(wanted, httpx2.Request):
                        assert self._client is not None  # connect() gives one in the modes that ask
                        given = response = self._client.send(wanted, stream=True)
                    else:
                        pieces = pieces or wanted.iter_bytes()
                        given = next(pieces, None)
                except httpx2.RequestError as error:
                    wanted = flow.throw(error)
                else:
                    wanted = flow.send(given)
        except StopIteration as done:
            handed: httpx2.Response = done.value
            return handed
        finally:
            if response is not None and pieces is not None:  # read here, and not passed on
                response.close()

    def close(self) -> None:
        if self._client:
            self._client.close()


class AsyncRecordingTransport(httpx2.AsyncBaseTransport):
    """The async twin of RecordingTransport."""

    def __init__(self, session: Session, client: httpx2.AsyncClient | None):
        self._session, self._client = session, client

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        flow = self._session.flow(request, await request.aread())
        pieces: AsyncIterator[bytes] | None = None
        response: httpx2.Response | None = None
        try:
            wanted = next(flow)
            while True:
                try:
                    given: httpx2.Response | bytes | None
                    if isinstance(wanted, httpx2.Request):
                        assert self._client is not None
                        given = response = await self._client.send(wanted, stream=True)
                    else:
                        pieces = pieces or wanted.aiter_bytes()
                        given = await anext(pieces, None)
                except httpx2.RequestError as error:
                    wanted = flow.throw(error)
                else:
                    wanted = flow.send(given)
        except StopIteration as done:
            handed: httpx2.Response = done.value
            return handed
        finally:
            if response is not None and pieces is not None:
                await response.aclose()

    async def aclose(self) -> None:
        if self._client:
            await self._client.aclose()
