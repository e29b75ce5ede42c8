"""What notebook 05 sends: the pictures are there, small, and what is told of them is true."""

import importlib.util
import json

import pytest
from PIL import Image

from helpers.settings import ROOT

VISION = ROOT / "data" / "media" / "vision"
SCRIPT = ROOT / "data" / "media" / "draw_for_reading.py"
RECEIPTS = json.loads((VISION / "receipts.json").read_text(encoding="utf-8"))


@pytest.fixture
def redrawn(tmp_path, monkeypatch):
    """A folder into which the script drew everything again."""
    spec = importlib.util.spec_from_file_location("draw_for_reading", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    module.main()
    return tmp_path


def test_the_script_draws_what_is_committed(redrawn):
    """To the pixel with the same Pillow and its fonts; its sizes and the truth with any."""
    assert sorted(path.name for path in redrawn.iterdir()) == sorted(path.name for path in VISION.iterdir())
    for path in redrawn.glob("*.json"):
        assert path.read_bytes() == (VISION / path.name).read_bytes()
    for path in redrawn.glob("*.png"):
        with Image.open(path) as drawn, Image.open(VISION / path.name) as committed:
            assert drawn.size == committed.size, path.name


def test_there_are_twenty_receipts_and_three_hard_ones():
    assert len(RECEIPTS) == 22
    assert [one["hard"] for one in RECEIPTS if one["hard"]] == ["small print", "faded", "slanted"]


@pytest.mark.parametrize("receipt", RECEIPTS, ids=lambda receipt: receipt["name"])
def test_the_lines_of_a_receipt_add_up_to_its_total(receipt):
    assert round(sum(receipt["lines"].values()), 2) == receipt["total"] > 0
    assert receipt["paid_by"] in ("cash", "card", None)


def test_pictures_are_small():
    for path in VISION.glob("*.png"):
        with Image.open(path) as picture:
            assert max(picture.size) <= 768, path.name
        assert path.stat().st_size < 20_000, path.name
