"""What a whole run leaves behind. `make test` runs this last, with --after; by itself it sees only the run before."""

from helpers.course.upkeep import list_answers
from helpers.settings import ROOT
from tests.conftest import USED


def test_every_recording_was_answered_from():
    used = set(USED.read_text(encoding="utf-8").split("\n"))
    folders = [folder for folder in sorted((ROOT / "data" / "recordings").glob("[!.]*")) if folder.is_dir()]
    recorded = {f"{folder.name}/{answer}" for folder in folders for answer in list_answers(folder)}
    unused = sorted(recorded - used)
    assert not unused, "nothing uses these answers; did the whole of `make test` run before?\n" + "\n".join(unused)
