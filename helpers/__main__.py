"""The course's commands: python -m helpers lab | reset | doctor | deployments | record | migrate | freshness.

What is imported here is Python's own, and runs on old ones too: who starts this with a wrong one is told which to take.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code: 0 done, 1 refused with a message, 2 not understood, 130 stopped."""
    parser = argparse.ArgumentParser(prog="python -m helpers", description="The commands of the Azure OpenAI course.")
    commands = parser.add_subparsers(dest="command", required=True)

    lab = commands.add_parser("lab", help="open the course in JupyterLab, in workbook/, your own copy")
    lab.add_argument("further", nargs="*", help="after --, options of JupyterLab: -- --no-browser --port=8899")

    reset = commands.add_parser("reset", help="put one notebook of workbook/ back; yours is kept in workbook/backups/")
    reset.add_argument("notebook", help="its number or its name: 00")

    doctor = commands.add_parser("doctor", help="look at settings, connection, credential and deployments")
    doctor.add_argument("--model", action="append", default=[], metavar="NAME", help="ask this deployment; repeatable")
    doctor.add_argument("--yes", action="store_true", help="do not ask whether the price is all right")

    deployments = commands.add_parser("deployments", help="print the az commands that a notebook's deployments need")
    deployments.add_argument("notebook", help="its number or its name: 02")

    record = commands.add_parser("record", help="ask an endpoint all that a notebook asks, and keep the answers")
    record.add_argument("notebook", help="its number or its name: 00")
    record.add_argument("--yes", action="store_true", help="do not ask whether the price is all right")
    record.add_argument("--into", type=Path, metavar="FOLDER", help="record there; the course's own stays as it is")

    migrate = commands.add_parser(
        "migrate",
        help="say what recorded requests need on another model, and rename it",
        description="Holds recorded requests against the rules of another model: which parameters it refuses and what "
        "to write instead, what it takes and does otherwise, what the same prompts cost, and what would change in the "
        "notebook. Asks nobody, and changes nothing without --write. Names in lists, in dicts and in functions of the "
        "notebook are listed for your hand, and what lies inside of messages stands in the report alone.",
    )
    migrate.add_argument("folder", help="a notebook's number or name (03), a folder of recordings, or runs/")
    migrate.add_argument("old", help="the model that was asked: gpt-5.4-mini")
    migrate.add_argument("new", help="the model to ask instead: gpt-5.6-luna")
    migrate.add_argument(
        "--write",
        action="store_true",
        help="rename it in the notebook and its solution where that is sure, and save; the rest is listed",
    )

    freshness = commands.add_parser(
        "freshness",
        help="say which notebooks teach on models that leave",
        description="Says for every notebook which of its models a new customer cannot deploy, or that retires within "
        "180 days, and what Microsoft names in its place. Ends with 1 where a notebook teaches on one, else with 0.",
    )
    freshness.add_argument("--on", metavar="DATE", help="judge by that day, like 2026-12-31; today if left out")

    chosen = parser.parse_args(arguments)
    given = list(sys.argv[1:] if arguments is None else arguments)
    if sys.version_info < (3, 11):  # noqa: UP036  # it is there for those who have an older one
        version = ".".join(map(str, sys.version_info[:2]))
        return _refuse_python(f"Python 3.11 or newer is needed, and this is {version}", given)

    from helpers.errors import CourseError

    try:
        ended = _run_command(chosen)
        sys.stdout.flush()
        return ended
    except CourseError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except ImportError as error:
        if not error.name or error.name.partition(".")[0] in {"helpers", *sys.stdlib_module_names}:
            raise
        return _refuse_python(f"this Python lacks a package that the course needs: {error.name}", given)
    except BrokenPipeError:  # `| head` has read enough; what is left goes nowhere, or Python would say so at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("\nstopped; what was done so far is kept, and the same command goes on from there", file=sys.stderr)
        return 130


def _refuse_python(why: str, given: Sequence[str]) -> int:
    command = " ".join(["-m helpers", *given])
    print(
        f"{why}\n"
        f"  python  {sys.executable}\n"
        f"  try     make setup, then .venv/bin/python {command}\n"
        f"          without make (Windows, conda): see environment.yml, then python {command}",
        file=sys.stderr,
    )
    return 1


def _run_command(chosen: argparse.Namespace) -> int:
    # Each command loads its own module: `reset` need not wait for what `record` needs.
    if chosen.command == "lab":
        if find_spec("jupyterlab") is None:  # a process of its own imports it, and would say less
            raise ModuleNotFoundError(name="jupyterlab")
        from helpers.course.workbook import start_lab

        return start_lab(chosen.further)
    if chosen.command == "reset":
        from helpers.course.workbook import reset_notebook

        print(reset_notebook(chosen.notebook))
        return 0
    if chosen.command == "doctor":
        from helpers.course.doctor import examine

        may_ask = chosen.yes or sys.stdin.isatty()  # a script's input is no agreement to a price
        states = []
        for finding in examine(chosen.model, lambda price: may_ask and _agree(price, chosen.yes, "Ask?")):
            print(finding, flush=True)
            states.append(finding.state)
        return int("fail" in states)
    if chosen.command == "deployments":
        from helpers.course.deployments import deployment_commands

        print(deployment_commands(chosen.notebook))
        return 0
    if chosen.command == "migrate":
        from helpers.course.migrate import migrate

        for part in migrate(chosen.folder, chosen.old, chosen.new, chosen.write):
            print(part)
        return 0
    if chosen.command == "freshness":
        from helpers.course.freshness import check_freshness, describe_freshness, read_day

        day = read_day(chosen.on)
        models = check_freshness(day)
        print(describe_freshness(models, day))
        return int(any(model.is_leaving for model in models))

    from helpers.course.record import record_notebook

    print(record_notebook(chosen.notebook, chosen.into, agree=(lambda price: _agree(price, chosen.yes))))
    return 0


def _agree(price: str, at_once: bool, question: str = "Record?") -> bool:
    print(f"Price: {price}")
    if at_once:
        return True
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


if __name__ == "__main__":
    sys.exit(main())
