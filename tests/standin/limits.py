"""Limits per minute, counted as Azure documents them, and the headers that tell what is left."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Limit", "Meter", "Refused"]

Limit = tuple[int, int | None]  # tokens, requests per minute; None: as many as Azure gives with so many tokens

_MINUTE, _MOMENT = 60, 10  # seconds: tokens are counted over the one, requests are spread over the other
_REQUESTS_PER_TOKEN = 6 / 1_000
_SHOWN: Limit = (1_000_000, 1_000)  # what the headers count down from where nothing is limited
_NEVER = 86_400  # seconds the service tells those to wait whose one request is larger than the limit


@dataclass(frozen=True)
class Refused:
    """Why a request may not pass: "token" or "call" rate, and how many seconds it would have to wait."""

    what: str
    seconds: float

    def headers(self) -> dict[str, str]:
        milliseconds = math.ceil(self.seconds * 1_000)
        return {"retry-after": str(math.ceil(self.seconds)), "retry-after-ms": str(milliseconds)}


@dataclass
class _Count:
    """What passed since the minute, and the moment within it, began."""

    minute: float
    moment: float
    tokens: int = 0
    requests: int = 0
    requests_in_moment: int = 0


class Meter:
    """Counts what each deployment is asked for, and says when it is too much.

    limits: by deployment, "*" for those not named; left out, all pass. clock: seconds.

    Microsoft's quota pages: a request's tokens are estimated when it comes in, from the prompt and `max_tokens`, and
    added to a count that starts again every minute. Requests are also held to their share of each ten seconds.
    Requests that are refused do not count.
    """

    def __init__(self, limits: Mapping[str, Limit] | None = None, clock: Callable[[], float] = time.monotonic):
        self._limits, self._clock = dict(limits or {}), clock
        self._counts: dict[str, _Count] = {}

    def charge(self, deployment: str, tokens: int) -> tuple[dict[str, str], Refused | None]:
        """(the headers, why it may not pass) for one request of so many tokens, which counts if it passes."""
        limit = self._limits.get(deployment) or self._limits.get("*")
        count = self._count(deployment)
        refused = self._refuse(limit, count, tokens) if limit else None
        if not refused:
            count.tokens += tokens
            count.requests += 1
            count.requests_in_moment += 1
        most_tokens, most_requests = _fill(limit or _SHOWN)
        return {
            "x-ratelimit-limit-requests": str(most_requests),
            "x-ratelimit-limit-tokens": str(most_tokens),
            "x-ratelimit-remaining-requests": str(max(0, most_requests - count.requests)),
            "x-ratelimit-remaining-tokens": str(max(0, most_tokens - count.tokens)),
        }, refused

    def _count(self, deployment: str) -> _Count:
        now = self._clock()
        count = self._counts.get(deployment)
        if count is None or now >= count.minute + _MINUTE:
            count = self._counts[deployment] = _Count(now, now)
        if now >= count.moment + _MOMENT:
            count.moment, count.requests_in_moment = now, 0
        return count

    def _refuse(self, limit: Limit, count: _Count, tokens: int) -> Refused | None:
        now = self._clock()
        most_tokens, most_requests = _fill(limit)
        if tokens > most_tokens:
            return Refused("token", _NEVER)
        next_minute = count.minute + _MINUTE - now
        if count.tokens + tokens > most_tokens:
            return Refused("token", next_minute)
        if count.requests >= most_requests:
            return Refused("call", next_minute)
        if count.requests_in_moment >= max(1, math.ceil(most_requests * _MOMENT / _MINUTE)):
            return Refused("call", min(next_minute, count.moment + _MOMENT - now))
        return None


def _fill(limit: Limit) -> tuple[int, int]:
    tokens, requests = limit
    return tokens, max(1, int(tokens * _REQUESTS_PER_TOKEN)) if requests is None else requests
