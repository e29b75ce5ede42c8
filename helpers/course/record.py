"""Record a notebook anew: ask its questions of an endpoint, then save what a replay of the answers prints.

Everything happens in a folder of its own, data/recordings/.new/<notebook>, which takes the old one's place at the end.
A run that was cut off leaves it behind, and the next one asks only for what is not in it.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from helpers.course.notebooks import (
    NotebookFailed,
    compare_outputs,
    drop_replay_only,
    dump_notebook,
    find_dials,
    find_notebook,
    read_notebook,
    run_notebook,
    turn_dial,
    write_whole,
)
from helpers.course.upkeep import (
    drop_refusals,
    drop_unused,
    list_answers,
    list_sidecars,
    name_source,
    read_records,
    read_usage,
    swap_folders,
    undo_half_swap,
)
from helpers.errors import CourseError, RecordingNotKept, SettingError, UnknownPrice
from helpers.recordings.exchange import model_of
from helpers.settings import ROOT, Settings, read_settings

__all__ = ["Report", "estimate_price", "plan_runs", "record_notebook"]

Notebook = Any


@dataclass(frozen=True)
class Report:
    """What recording a notebook did. stayed: missing deployments, and how many old answers they keep."""

    folder: Path
    asked: int
    reused: int
    dropped: int
    megabytes: float
    sources: Mapping[str, int]
    stayed: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [
            f"{self.folder.name}: {self.asked} answers asked, {self.reused} on disk already, "
            f"{self.dropped} of no more use; {self.megabytes:.2f} MB",
            *(f"  {count} answers from {source}" for source, count in sorted(self.sources.items())),
            *(f"  {model} is not deployed there: its {n} old answers stay" for model, n in self.stayed.items()),
        ]
        return "\n".join(lines)


def record_notebook(
    name: str,
    into: Path | None = None,
    agree: Callable[[str], bool] = lambda price: True,
    say: Callable[[str], None] = print,
    root: Path = ROOT,
) -> Report:
    """Record the notebook, every setting of its dials, and its solution; save both as a replay prints them.

    into: the folder of folders to record into, data/recordings if None; given, the executed notebooks are saved there
    and the course's own stay. agree: is shown the price, and says whether to go on. Raises SettingError (no endpoint),
    NotebookFailed, or CourseError (stopped, printed something else when replayed, cannot write); then the old
    recordings stand untouched, and what was answered waits for the next run.
    """
    source = find_notebook(name, root / "notebooks")
    settings = _read_asking_settings()
    home = (into or settings.recordings).resolve()
    old, new = home / source.stem, home / ".new" / source.stem
    try:
        new.mkdir(parents=True, exist_ok=True)
        with FileLock(new.with_name(f"{new.name}.lock"), timeout=0):
            undo_half_swap(old)
            if not agree(estimate_price(old, settings)):
                raise CourseError("nothing was recorded, as you wished")
            report, notebooks = _record_and_replay(source, old, new, say)
            swap_folders(new, old)
    except Timeout:
        raise CourseError(f"{source.stem} is being recorded already, by another process") from None
    except OSError as error:
        raise RecordingNotKept(f"cannot record into {home}: {error.strerror}", lost="nothing") from None
    for path, notebook in notebooks.items():
        target = path if into is None else home / path.relative_to(root / "notebooks")
        write_whole(target, dump_notebook(notebook))
    return report


def plan_runs(source: Path) -> list[tuple[str, Path, Notebook]]:
    """(what to call it, where it lies, the notebook) of every run that one recording needs."""
    notebook = read_notebook(source)
    runs = [(source.stem, source, notebook)]
    for dial in find_dials(notebook):
        others = (value for value in dial.values if value != dial.value)
        runs += [(f"{dial.name} = {value}", source, turn_dial(notebook, dial, value)) for value in others]
    solution = source.parent / "solutions" / source.name
    if solution.exists():
        runs.append(("solutions", solution, read_notebook(solution)))
    return runs


def estimate_price(old: Path, settings: Settings, models: Set[str] | None = None) -> str:
    """What recording costs, in words: the recorded requests' tokens, and answers as long as the recorded ones, at
    Azure's list prices of the models asked for (data/tables/prices.csv). models: what asks these alone."""
    if settings.endpoint and settings.endpoint.is_loopback:
        return "free: this machine answers"
    from helpers.costs import expected_cost

    total, unknown, count = 0.0, set(), 0
    for _, record in read_records(old):
        if models is not None and model_of(record["request"]) not in models:
            continue
        for answer in record.get("answers", []):
            count += 1
            model = model_of(record["request"])
            if model and (usage := read_usage(answer)):  # to look up what is stored costs nothing, and names no model
                try:
                    total += expected_cost(*usage, model)
                except UnknownPrice:
                    unknown.add(model)
    if not count:
        return "not known, because nothing was recorded before"
    without = f", without {', '.join(sorted(unknown))}, whose price is not in the table" if unknown else ""
    answers = f"{count} answer{'s' if count != 1 else ''}"
    return f"about {total:.4f} US dollars for {answers} as long as the recorded ones{without}"


def _read_asking_settings() -> Settings:
    """The settings as they will be in record mode; the mode that is set does not matter to who gives the command."""
    settings = read_settings("record")
    if settings.endpoint is None:
        raise SettingError(
            "recording asks a resource, and no endpoint is set",
            next=[
                "your own resource: AZURE_OPENAI_ENDPOINT in .env (see .env.example)",
                "no account: `make standin`, in another terminal, prints the settings for a model on this machine",
            ],
        )
    return settings


def _record_and_replay(
    source: Path, old: Path, new: Path, say: Callable[[str], None]
) -> tuple[Report, dict[Path, Notebook]]:
    runs, used_log = plan_runs(source), new.with_name(f"{new.name}.used")
    before, stayed = list_answers(new), Counter[str]()
    recorded = []
    for title, path, notebook in runs:
        say(f"  recording {title}")
        recorded.append(_record_run(path, notebook, old, new, stayed))
    asked = len(list_answers(new) - before) - stayed.total()

    say("  replaying all of it")
    used_log.unlink(missing_ok=True)
    replayed = [_run(path, notebook, "replay", new.parent, used_log) for _, path, notebook in runs]
    for (title, _, _), first, second in zip(runs, recorded, replayed, strict=True):
        if differences := compare_outputs(first, second):
            raise CourseError(
                f"{source.stem} ({title}) prints something else when it is replayed",
                differs=differences,
                next="print nothing that a clock, chance or the machine decides; then the same command again",
            )
    used = {line.split("/", 1)[1] for line in _read_lines(used_log) if line.startswith(f"{new.name}/")}
    dropped = drop_unused(new, used)
    used_log.unlink(missing_ok=True)
    sources = Counter(name_source(answer) for _, record in read_records(new) for answer in record["answers"])
    megabytes = sum(path.stat().st_size for path in new.iterdir() if path.is_file()) / 1e6
    report = Report(old, asked, len(before & used), dropped, megabytes, sources, stayed)
    kept = {path: notebook for (title, path, _), notebook in zip(runs, replayed, strict=True) if " = " not in title}
    return report, kept


def _record_run(path: Path, notebook: Notebook, old: Path, new: Path, stayed: Counter[str]) -> Notebook:
    """One run in record mode. Where a deployment is missing, its model's old recordings step in, and it runs again."""
    while True:
        try:
            return _run(path, notebook, "record", new.parent)
        except NotebookFailed as failed:
            missing = _list_missing(new) - set(stayed) if failed.error_name == "NotFoundError" else set()
            drop_refusals(new)  # or the next run would be given them again, when the reason is long mended
            if kept := _keep_old(missing, old, new):
                stayed.update(kept)
                continue
            details = failed.details | {
                **({"missing": f"a deployment of {', '.join(sorted(missing))}"} if missing else {}),
                "kept": f"{len(list_answers(new))} answers, which the next run will not ask for again",
            }
            raise NotebookFailed(failed.what, next=failed.next, **details) from None


def _list_missing(folder: Path) -> set[str]:
    """The models whose deployments the service said it has not."""
    records = [record for _, record in read_records(folder)]
    refused = (record for record in records if "DeploymentNotFound" in json.dumps(record["answers"][-1]))
    return {model_of(record["request"]) for record in refused}


def _keep_old(models: set[str], old: Path, new: Path) -> Counter[str]:
    """Copy the old recordings of these models. Returns model -> answers copied."""
    kept: Counter[str] = Counter()
    for name, record in read_records(old):
        model = model_of(record["request"])
        if model in models:
            for file in (*list_sidecars(record), name):
                shutil.copy2(old / file, new / file)
            kept[model] += len(record["answers"])
    return kept


def _run(path: Path, notebook: Notebook, mode: str, recordings: Path, used_log: Path | None = None) -> Notebook:
    environment = {
        "AZURE_OPENAI_MODE": mode,
        "AZURE_OPENAI_RECORDINGS": str(recordings),
        "AZURE_OPENAI_USED": str(used_log or ""),
        "AZURE_OPENAI_PACE": "0",
    }
    if mode == "replay":  # what is saved must not show where, or as whom, it was recorded
        environment |= dict.fromkeys(("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"), "")
    return run_notebook(drop_replay_only(notebook) if mode == "record" else notebook, path.parent, environment)


def _read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
