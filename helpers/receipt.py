"""The receipt: under each cell that asked, who answered, how many calls and tokens, and what they cost.

connect() sets the hook in IPython; plain Python prints nothing. Every answer is counted once, of whatever client and
thread, when it came whole; a stream that is still being read counts in the cell that reads it to its end, and what a
thread asked between two cells in the next one.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from helpers.errors import CourseError
from helpers.jupyter import break_between, find_shell, show
from helpers.lines import fold, name_together
from helpers.recordings import Answered, listen

__all__ = ["describe_calls", "set_hook"]

_lock = threading.Lock()
_calls: list[Answered] = []
_depth = 0
_TOKENS = (
    ("in", ("prompt", "input"), (("cached", "cached_tokens"), ("sound", "audio_tokens"))),
    ("out", ("completion", "output"), (("hidden", "reasoning_tokens"), ("sound", "audio_tokens"))),
)


def set_hook() -> None:
    """From now on each cell that asked ends in its receipt; does nothing outside IPython, or a second time."""
    shell = find_shell()
    if shell is None or getattr(shell, "_course_receipt", False):
        return
    shell._course_receipt = True
    listen(_note)
    shell.events.register("pre_run_cell", _begin)
    _begin()  # the cell that connects is running already
    shell.events.register("post_run_cell", _end)


def _note(answered: Answered) -> None:
    with _lock:
        _calls.append(answered)


def _begin(info: Any = None) -> None:
    global _depth
    _depth += 1  # a cell may run others


def _end(result: Any = None) -> None:
    global _depth
    _depth = max(0, _depth - 1)
    if _depth:
        return
    with _lock:
        # A redirect is no answer yet: the one that it led to is.
        calls = [call for call in _calls if not 300 <= call.status < 400]
        _calls.clear()
    if not calls:
        return
    line = describe_calls(calls)
    shown = f'<p style="margin: 2px 0; font-size: 85%; opacity: 0.65">{break_between(line)}</p>'
    show(shown, fold(line, "  "), receipt=True)


def describe_calls(calls: Sequence[Answered]) -> str:
    """One line: who answered, that it is no Azure model, when, calls, tokens; of fresh ones also seconds and dollars.

    Tokens are as the service counted them; an answer that is fetched again has none, for it was paid when it was made.
    Dollars: the list price of data/tables/prices.csv for the models asked for.
    """
    fresh = [call for call in calls if call.is_fresh]
    made = [call for call in calls if call.asked]  # what fetches an answer names no model
    # What came beside an answer, such as the transcript of what was said to it, counts tokens and is no call.
    counted = [call for call in calls if call.is_call] or calls
    fresh_ones = [call for call in counted if call.is_fresh]
    parts = [*_name_sources(calls), _count_calls(counted, fresh_ones), *_count_tokens(made)]
    if fresh:
        parts.append(f"{sum(call.elapsed_ms or 0 for call in fresh) / 1000:.1f} s")
        # Azure's price is for Azure's own tokens: never for those of a stand-in, or of this machine.
        billed = [call for call in made if call.is_fresh and not call.is_free and call.source.get("kind") != "stand-in"]
        parts += [_price(billed)] if billed else []
    return "receipt: " + " · ".join(parts)


def _name_sources(calls: Sequence[Answered]) -> Iterable[str]:
    kinds: dict[str, dict[str, None]] = {}
    for call in calls:
        engine = call.source.get("engine") or ""
        kinds.setdefault(call.source.get("kind", "other"), {})[engine] = None
    for kind, engines in kinds.items():
        names = [engine for engine in engines if engine not in ("", "front")]
        if kind == "stand-in" and not names:
            yield "the stand-in's server, no model asked"
        elif kind == "stand-in":
            yield f"stand-in {name_together(names)}, not an Azure model"
        else:
            yield " and ".join(names) or "the service"
    dates = sorted({call.date for call in calls if not call.is_fresh})
    if dates:
        yield "recorded " + " to ".join(dict.fromkeys((dates[0], dates[-1])))


def _count_calls(calls: Sequence[Answered], fresh: Sequence[Answered]) -> str:
    count = f"{len(calls):,} call{'s' if len(calls) > 1 else ''}"
    told = []
    if fresh and len(fresh) < len(calls):
        told.append(f"{len(calls) - len(fresh):,} from recordings")
    refused: dict[int, int] = {}
    for call in calls:
        if call.status >= 400:
            refused[call.status] = refused.get(call.status, 0) + 1
    told += [f"{status}" if len(calls) == 1 else f"{n:,} answered {status}" for status, n in sorted(refused.items())]
    return count + (f" ({', '.join(told)})" if told else "")


def _count_tokens(calls: Sequence[Answered]) -> Iterable[str]:
    for way, names, parts in _TOKENS:
        total = sum(_find(call.usage, [f"{name}_tokens" for name in names]) or 0 for call in calls)
        # A transcription, and a session, write the name of its details in the singular.
        inside = [f"{name}_{token}_details" for name in names for token in ("tokens", "token")]
        details = [found for call in calls if isinstance(found := _find(call.usage, inside), Mapping)]
        counts = [(sum(one.get(detail) or 0 for one in details), word) for word, detail in parts]
        told = ", ".join(f"{count:,} {word}" for count, word in counts if count)
        if total:
            yield f"{total:,} tokens {way}" + (f" ({told})" if told else "")
    for name, unit in (("seconds", "s of sound"), ("characters", "characters")):
        if count := sum(call.usage.get(name) or 0 for call in calls):
            yield f"{count:,} {unit}"


def _find(usage: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((usage[name] for name in names if usage.get(name)), None)


def _price(fresh: Sequence[Answered]) -> str:
    from helpers.costs import request_cost

    total, unknown, uncounted = 0.0, set(), set()
    for call in fresh:
        name = call.asked or "a model that was not named"
        try:
            if call.usage:
                total += request_cost(call.usage, call.asked)
            elif call.status < 300:
                uncounted.add(name)
        except CourseError:
            unknown.add(name)
    without = f", without {', '.join(sorted(unknown))}, whose price is in no table" if unknown else ""
    without += f", without {', '.join(sorted(uncounted))}, whose answer counts no tokens" if uncounted else ""
    return f"${total:.6f}{without}"
