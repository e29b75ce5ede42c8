"""Names that a session gives: of events, items, responses."""

import secrets
import string

__all__ = ["make_realtime_id", "obfuscate"]

_LETTERS = string.ascii_letters + string.digits


def make_realtime_id(kind: str) -> str:
    """event_, item_, resp_, sess_, conv_ and 21 letters; call_ and 16, as recorded."""
    return f"{kind}_{_draw(16 if kind == 'call' else 21)}"


def obfuscate(delta: str) -> str:
    """Letters that make each delta of a text as long as its neighbours: sixteen, or a multiple of it."""
    return _draw(-len(delta) % 16)


def _draw(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(count))
