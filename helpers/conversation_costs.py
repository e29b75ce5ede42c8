"""What a spoken conversation costs turn by turn: for every answer the whole conversation so far is read again.

The rules are documented (developers.openai.com/api/docs/guides/realtime-costs): each response is billed by itself; what
was said before, on both sides, sound and its words, is input again; what was read the last time is cached, and costs
less; what no longer fits is dropped from the start, after which nothing but the instructions is cached.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.costs import request_cost
from helpers.errors import CourseError
from helpers.sound_costs import sound_tokens_per_second

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["conversation_costs"]

_STEP = 64  # tokens: caches hold multiples of it, in recorded sessions
_MOST_INPUT = 28_224  # of a context of 32,000 tokens, with room for an answer of 4,096


@dataclass(frozen=True)
class _Item:
    """A piece of the conversation. turn: 0 for the instructions."""

    turn: int
    kind: str
    tokens: int


def conversation_costs(
    model: str,
    minutes: float = 10,
    *,
    user_seconds: float = 5,
    assistant_seconds: float = 10,
    instruction_tokens: int = 100,
    words_per_minute: float = 150,
    is_cached: bool = True,
    most_tokens: int = _MOST_INPUT,
    retention_ratio: float = 1.0,
) -> "pd.DataFrame":
    """One row a turn of a conversation of `minutes`, in which both sides speak as long each time; in US dollars.

    words_per_minute: of the answers, whose words count as text beside their sound (four tokens for three words).
    most_tokens: what the session may read after its instructions; with more, the oldest turns are dropped until
    `retention_ratio` of it is left. Columns: turn, minute (at its end), text_in, sound_in, cached, text_out, sound_out
    (tokens; cached is part of both in), dropped (tokens), usd, total_usd. Raises UnknownPrice where the model has no
    price, CourseError where no turn fits.
    """
    import pandas as pd

    turns = int(minutes * 60 // (user_seconds + assistant_seconds))
    if turns < 1:
        raise CourseError(f"no turn of {user_seconds + assistant_seconds:g} s fits into {minutes:g} minutes")
    said = [
        ("audio", round(user_seconds * sound_tokens_per_second(model))),
        ("text", round(assistant_seconds / 60 * words_per_minute * 4 / 3)),
        ("audio", round(assistant_seconds * sound_tokens_per_second(model, "output"))),
    ]
    history = [_Item(0, "text", instruction_tokens)]
    rows: list[dict[str, Any]] = []
    read, total = 0, 0.0
    for turn in range(1, turns + 1):
        history.append(_Item(turn, *said[0]))
        kept = _drop_oldest(history, most_tokens, retention_ratio)
        dropped = _count(history) - _count(kept)
        history = kept
        stored = (instruction_tokens if dropped else read) // _STEP * _STEP if is_cached else 0
        usage = _spell(history, stored, text_out=said[1][1], sound_out=said[2][1])
        usd = request_cost(usage, model)
        total += usd
        read = _count(history)
        told = usage["input_token_details"]
        rows.append(
            {
                "turn": turn,
                "minute": turn * (user_seconds + assistant_seconds) / 60,
                "text_in": told["text_tokens"],
                "sound_in": told["audio_tokens"],
                "cached": stored,
                "text_out": said[1][1],
                "sound_out": said[2][1],
                "dropped": dropped,
                "usd": usd,
                "total_usd": total,
            }
        )
        history += [_Item(turn, *said[1]), _Item(turn, *said[2])]
    return pd.DataFrame(rows)


def _count(items: list[_Item], kind: str = "") -> int:
    return sum(item.tokens for item in items if kind in ("", item.kind))


def _drop_oldest(history: list[_Item], most: int, ratio: float) -> list[_Item]:
    """The instructions, and as many of the newest turns as may stay; the last one always does."""
    opening, rest = history[:1], history[1:]
    if _count(rest) <= most:
        return history
    while rest[0].turn < rest[-1].turn and _count(rest) > most * ratio:
        rest = [item for item in rest if item.turn != rest[0].turn]
    return opening + rest


def _spell(history: list[_Item], stored: int, text_out: int, sound_out: int) -> dict[str, Any]:
    """As response.done tells its usage. stored: how many tokens from the start on come from the cache."""
    from_cache = {"text": 0, "audio": 0}
    left = stored
    for item in history:
        taken = min(left, item.tokens)
        from_cache[item.kind] += taken
        left -= taken
    return {
        "input_tokens": _count(history),
        "input_token_details": {
            "text_tokens": _count(history, "text"),
            "audio_tokens": _count(history, "audio"),
            "cached_tokens": stored,
            "cached_tokens_details": {f"{kind}_tokens": count for kind, count in from_cache.items()},
        },
        "output_tokens": text_out + sound_out,
        "output_token_details": {"text_tokens": text_out, "audio_tokens": sound_out},
    }
