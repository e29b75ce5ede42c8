"""What a reader is told of a client: how it answers, and who."""

import textwrap
from collections.abc import Sequence
from typing import Any

from helpers.clients import session_of
from helpers.evidence import WIDTH

__all__ = ["show_connection"]


def show_connection(client: Any) -> None:
    """Print how a client of connect() answers: the mode, and who."""
    session = session_of(client)
    if session.mode == "replay":
        print("mode     replay: recorded answers, no key, no network, no cost")
        print(textwrap.fill(f"answers  {_recorded_engines(session.store)}", WIDTH, subsequent_indent=" " * 9))
        return
    kept = "answers not yet recorded are asked for and kept" if session.mode == "record" else "every call is asked"
    print(f"mode     {session.mode}: {kept}, and may cost money")
    print(f"answers  {session.endpoint.host}")


def _recorded_engines(store: Any) -> str:
    sources: dict[tuple[str, str], None] = {}
    dates: set[str] = set()
    for name in store.names():
        for answer in (store.read(name) or {"answers": []})["answers"]:
            source = answer.get("source", {})
            if source.get("engine") not in {None, "", "front"}:
                sources[source.get("kind", ""), source["engine"]] = None
            dates.add(answer.get("recorded_on", ""))
    stand_ins = [engine for kind, engine in sources if kind == "stand-in"]
    azure = [engine for kind, engine in sources if kind != "stand-in"]
    told: Sequence[str] = [
        *([f"{' and '.join(stand_ins)}: a stand-in, not an Azure model"] if stand_ins else []),
        *([", ".join(azure)] if azure else []),
    ]
    return f"{'; '.join(told) or 'nobody yet'} · {max(dates, default='never')}"
