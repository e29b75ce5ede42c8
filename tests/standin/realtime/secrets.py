"""Secrets that let a browser into one session, without the resource's key. In memory, gone when the stand-in ends."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["ClientSecret", "ClientSecrets"]

_MOST = 1_000


@dataclass(frozen=True)
class ClientSecret:
    """value: ek_ and letters. deployment: its name. session: what the session is set to, as the client wrote it."""

    value: str
    deployment: str
    session: dict[str, Any]
    expires_at: int


class ClientSecrets:
    """clock: seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time):
        self._clock = clock
        self._issued: OrderedDict[str, ClientSecret] = OrderedDict()

    def issue(self, deployment: str, session: dict[str, Any], seconds: int) -> ClientSecret:
        expires_at = int(self._clock()) + seconds
        issued = ClientSecret(f"ek_{secrets.token_hex(16)}", deployment, session, expires_at)
        self._issued[issued.value] = issued
        while len(self._issued) > _MOST:
            self._issued.popitem(last=False)
        return issued

    def find(self, value: str) -> ClientSecret | None:
        """None where there is none, or where it has expired."""
        found = self._issued.get(value)
        return found if found and self._clock() < found.expires_at else None
