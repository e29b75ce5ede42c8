"""The contrary run: every notebook recorded from an engine that answers nonsense. What it says must still be true."""

import re

from helpers.authoring.notebooks import read_notebook
from helpers.authoring.record import record_notebook
from helpers.authoring.upkeep import list_answers, read_records
from tests.standin import serve
from tests.test_notebooks import EVERY, code_cells, every_notebook, outputs_of


@every_notebook
def test_recorded_from_an_engine_that_answers_nonsense_it_still_runs_and_replays(path, tmp_path, monkeypatch):
    """Over real sockets, dials and solution included; what the two runs print must agree."""
    before = {other: other.read_bytes() for other in EVERY}
    with serve("nonsense") as standin:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", standin.endpoint)
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", standin.key)
        report = record_notebook(path.stem, into=tmp_path, say=lambda line: None)
        asked = list(standin.requests)
    assert report.asked == len(list_answers(tmp_path / path.stem)) > 0
    assert len(asked) >= report.asked
    kinds = {
        answer["source"]["kind"] for _, record in read_records(tmp_path / path.stem) for answer in record["answers"]
    }
    assert kinds == {"stand-in"}
    assert {other: other.read_bytes() for other in EVERY} == before
    assert [len(cell.source) for cell in read_notebook(tmp_path / path.name).cells] == [
        len(cell.source) for cell in read_notebook(path).cells
    ]
    solution = read_notebook(tmp_path / "solutions" / path.name)
    exercises = set(re.findall(r'check\(\s*"([^"]+)"', "\n".join(cell.source for cell in code_cells(solution))))
    assert exercises and all(f"{name}: right." in outputs_of(solution) for name in exercises), outputs_of(solution)
