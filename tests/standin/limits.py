"""What the rate limit headers say. Requests and tokens of the last minute are counted, and not yet refused."""

import time
from collections import deque

__all__ = ["Meter"]

REQUESTS_PER_MINUTE = 1_000
TOKENS_PER_MINUTE = 1_000_000


class Meter:
    """Counts what each deployment was asked for within the last 60 s."""

    def __init__(self) -> None:
        self._asked: dict[str, deque[tuple[float, int]]] = {}

    def charge(self, deployment: str, tokens: int) -> dict[str, str]:
        """Count one request of so many tokens, and return the headers that tell what is left.

        As on Azure the charge is an estimate made before the answer: the prompt and `max_tokens`.
        """
        now = time.monotonic()
        asked = self._asked.setdefault(deployment, deque())
        asked.append((now, tokens))
        while asked[0][0] <= now - 60:
            asked.popleft()
        spent = sum(tokens for _, tokens in asked)
        return {
            "x-ratelimit-limit-requests": str(REQUESTS_PER_MINUTE),
            "x-ratelimit-limit-tokens": str(TOKENS_PER_MINUTE),
            "x-ratelimit-remaining-requests": str(max(0, REQUESTS_PER_MINUTE - len(asked))),
            "x-ratelimit-remaining-tokens": str(max(0, TOKENS_PER_MINUTE - spent)),
        }
