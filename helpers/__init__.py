"""Clients and analysis helpers for the Azure OpenAI course. Importing this changes nothing and costs little.

settings, envfile, endpoints, errors, lines, tables   the ground
recordings                                       above them: record and replay
signin, clients                                  above that: connect()
evidence, costs, parameters, intervals, checks   what notebooks do with answers
memory, predictions, progress                    what a reader guesses and gets done, kept in workbook/
images, audio, waves, captions, word_errors, mp3, sound_files      pictures and sound in requests and answers
jupyter, receipt, explanations, refusals, tables_shown, charts   what a reader is shown
course                                           for those who run and write the course, not for cells
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpers.checks import check
    from helpers.clients import connect, connect_async, show_connection
    from helpers.costs import request_cost
    from helpers.evidence import elapsed_ms, show_evidence
    from helpers.explanations import explain
    from helpers.predictions import predict, predicted
    from helpers.progress import show_progress
    from helpers.tables import load_table
    from helpers.tables_shown import show_table

__all__ = [
    "check",
    "connect",
    "connect_async",
    "elapsed_ms",
    "explain",
    "load_table",
    "predict",
    "predicted",
    "request_cost",
    "show_connection",
    "show_evidence",
    "show_progress",
    "show_table",
]

_LATER = {
    "check": "checks",
    "connect": "clients",
    "connect_async": "clients",
    "elapsed_ms": "evidence",
    "explain": "explanations",
    "load_table": "tables",
    "predict": "predictions",
    "predicted": "predictions",
    "request_cost": "costs",
    "show_connection": "clients",
    "show_evidence": "evidence",
    "show_progress": "progress",
    "show_table": "tables_shown",
}


def __getattr__(name: str) -> Any:
    """Loads a name's module when the name is first used: drawing a figure needs no client, connecting no table."""
    if name not in _LATER:
        raise AttributeError(f"module 'helpers' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"helpers.{_LATER[name]}"), name)
