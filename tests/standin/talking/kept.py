"""Spoken answers that are stored for an hour, so that the chat can go on from them. In memory."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.standin.refusals import ServiceError, bad_request

__all__ = ["KeptSpeech", "Spoken"]

_HOUR = 3_600  # seconds, as in a recorded answer of Azure's
_MOST = 1_000


@dataclass
class Spoken:
    """One spoken answer. expires_at: Unix time. tokens: of its sound."""

    expires_at: int
    transcript: str = ""
    tokens: int = 0
    id: str = field(default_factory=lambda: f"audio_{secrets.token_hex(16)}")


class KeptSpeech:
    """clock: Unix time, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time):
        self.clock = clock
        self._kept: OrderedDict[str, Spoken] = OrderedDict()

    def begin(self) -> Spoken:
        """One that is about to be spoken; `keep` it when it is whole."""
        return Spoken(int(self.clock()) + _HOUR)

    def keep(self, spoken: Spoken) -> None:
        self._kept[spoken.id] = spoken
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)

    def find(self, name: str, message: int) -> Spoken:
        """message: which of the chat names it. Raises what the service answers where it is unknown, or too old."""
        spoken = self._kept.get(name)
        if spoken is None or spoken.expires_at < self.clock():
            raise _not_found(name, message)
        return spoken


def _not_found(name: str, message: int) -> ServiceError:
    where = f"content.messages[{message}].audio.id"  # the service's own spelling
    return bad_request(f"Assistant audio {name} not found.", where, "audio_not_found")
