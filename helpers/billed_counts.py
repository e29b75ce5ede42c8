"""What a usage counts, by the items of prices.csv. Every API names its fields apart; here they become one."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from helpers.errors import CourseError

__all__ = ["check_counts", "count_billed"]

_KINDS = ("audio", "image")


def count_billed(usage: Any) -> tuple[str, dict[str, Any]]:
    """(the unit of prices.csv, how many by item) of what a request counted: tokens, seconds or characters.

    Raises CourseError where it counts nothing, or does not add up.
    """
    data = usage if isinstance(usage, Mapping) else usage.model_dump() if hasattr(usage, "model_dump") else {}
    if data.get("prompt_tokens") is None and data.get("input_tokens") is None:
        if (seconds := data.get("seconds")) is not None:
            if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not seconds >= 0:
                raise CourseError(f"{seconds!r} seconds cannot be priced", next="a number from 0 on")
            return "usd_per_minute", {"audio_input": seconds / 60}
        if (characters := data.get("characters")) is not None:
            check_counts({"characters": characters})
            return "usd_per_1m_characters", {"input": characters}
        raise CourseError(
            f"no tokens to price in {usage!r}",
            next='answer.usage, or {"prompt_tokens": 20, "completion_tokens": 1843}',
        )
    return "usd_per_1m_tokens", _count_tokens(data)


def _count_tokens(data: Mapping[str, Any]) -> dict[str, int]:
    def find(*names: str) -> Any:
        return next((data[name] for name in names if data.get(name) is not None), None)

    prompt, output = find("prompt_tokens", "input_tokens"), find("completion_tokens", "output_tokens") or 0
    read = find("prompt_tokens_details", "input_tokens_details", "input_token_details") or {}
    written = find("completion_tokens_details", "output_tokens_details", "output_token_details") or {}
    cached = read.get("cached_tokens") or data.get("cached_tokens") or 0
    kept = read.get("cache_write_tokens") or 0
    check_counts(
        {"prompt_tokens": prompt, "completion_tokens": output, "cached_tokens": cached, "cache_write_tokens": kept}
    )
    counts = {"input": prompt - cached - kept, "cached_input": cached, "cache_write": kept, "output": output}
    heard = {kind: read.get(f"{kind}_tokens") or 0 for kind in _KINDS}
    stored = read.get("cached_tokens_details")
    # Chats do not say which of their cached tokens were text; what opens a prompt is cached first, and that is text.
    left = max(0, cached - (prompt - sum(heard.values()))) if stored is None else 0
    for kind in _KINDS:
        from_cache = min(heard[kind], left) if stored is None else stored.get(f"{kind}_tokens") or 0
        left -= from_cache
        fresh, made = heard[kind] - from_cache, written.get(f"{kind}_tokens") or 0
        counts |= {f"{kind}_input": fresh, f"cached_{kind}_input": from_cache, f"{kind}_output": made}
        counts["input"] -= fresh
        counts["cached_input"] -= from_cache
        counts["output"] -= made
    check_counts(counts)
    return counts


def check_counts(counts: Mapping[str, Any]) -> None:
    """Raises CourseError for what is no count. Integral, for sums over a DataFrame come as numpy's whole numbers."""
    for name, count in counts.items():
        if not isinstance(count, Integral) or isinstance(count, bool) or count < 0:
            raise CourseError(f"{count!r} {name} cannot be priced", next="whole numbers from 0 on that add up")
