"""How the service ends a session whose hour is over."""

from typing import Any

from tests.standin.realtime.told import EventRefused, tell_error

__all__ = ["LIMIT_MESSAGE", "tell_limit"]

LIMIT_MESSAGE = "Your session hit the maximum duration of 60 minutes."


def tell_limit() -> dict[str, Any]:
    """The event before the connection is closed, with code 1001 and the same words."""
    return tell_error(EventRefused(LIMIT_MESSAGE, "session_expired"))
