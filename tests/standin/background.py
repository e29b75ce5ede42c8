"""Responses in the background: made while nobody waits, followed as a stream from any event on, cancelled."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

__all__ = ["Background", "Job"]

_MOST = 1_000


class Job:
    """One response that is being made. body: as it is told now. events: every event so far, by its number."""

    def __init__(self, body: dict[str, Any]):
        self.body = body
        self.events: list[bytes] = []
        self.is_done = False
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    def start(self, events: AsyncIterator[bytes]) -> None:
        """events: of the response, made as fast as the engine gives them, whether somebody reads them or not."""
        self._task = asyncio.create_task(self._run(events))

    async def cancel(self) -> None:
        """Ends it where it is; nothing happens to one that has ended."""
        if self._task and not self.is_done:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            if self.body["status"] in ("queued", "in_progress"):
                self.body = self.body | {"status": "cancelled"}

    async def follow(self, after: int) -> AsyncIterator[bytes]:
        """The events whose number is greater than `after`, those to come as well."""
        number = max(0, after + 1)
        while True:
            async with self._changed:
                while len(self.events) <= number and not self.is_done:
                    await self._changed.wait()
            if number >= len(self.events):
                return
            yield self.events[number]
            number += 1

    async def _run(self, events: AsyncIterator[bytes]) -> None:
        try:
            async for event in events:
                told = json.loads(event.partition(b"data: ")[2])
                self.body = told.get("response", self.body)
                async with self._changed:
                    self.events.append(event)
                    self._changed.notify_all()
        finally:
            self.is_done = True
            async with self._changed:
                self._changed.notify_all()


class Background:
    """Jobs by the id of their response; of more than a thousand, the oldest go."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def keep(self, job: Job) -> None:
        self._jobs[job.body["id"]] = job
        while len(self._jobs) > _MOST:
            self._jobs.popitem(last=False)

    def find(self, name: str) -> Job | None:
        return self._jobs.get(name)

    def drop(self, name: str) -> None:
        self._jobs.pop(name, None)
