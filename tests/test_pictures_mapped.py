"""Pictures of deployments that have other names than the notebook writes: they replay byte for byte."""

import base64
from pathlib import Path
from typing import Any

import pytest

from helpers import settings
from tests.loopback import open_wire
from tests.standin import Standin
from tests.standin.image_tool import HEADER

wire = pytest.fixture(open_wire)
# The stand-in knows its own deployments alone: what is not renamed is not found.
DRAWS, CHATS = "written-to-draw", "written-to-chat"
THEIRS = {DRAWS: "gpt-image-1-mini", CHATS: "gpt-4.1-mini"}


def draw_all(client: Any) -> list[str]:
    """One picture in each way in which a request names who draws: body, form, stream, header. In base64."""
    drawn = client.images.generate(model=DRAWS, prompt="A kite.", quality="low").data[0].b64_json
    file = ("kite.png", base64.b64decode(drawn), "image/png")
    edited = client.images.edit(model=DRAWS, image=file, prompt="Add a cloud.", quality="low").data[0].b64_json
    *_, last = client.images.generate(model=DRAWS, prompt="A boat.", quality="low", stream=True, partial_images=1)
    answer = client.responses.create(
        model=CHATS,
        input="Draw a tree.",
        tools=[{"type": "image_generation", "quality": "low"}],
        tool_choice={"type": "image_generation"},
        extra_headers={HEADER: DRAWS},
    )
    return [drawn, edited, last.b64_json, answer.output[0].result]


def test_pictures_of_mapped_deployments_replay_byte_for_byte_under_the_names_written(
    wire: Any, standin: Standin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    (tmp_path / "deployments.toml").write_text("".join(f'"{model}" = "{name}"\n' for model, name in THEIRS.items()))
    recorded = draw_all(
        wire.connect("record", AZURE_OPENAI_ENDPOINT=standin.endpoint, AZURE_OPENAI_API_KEY=standin.key)
    )
    assert draw_all(wire.connect("replay")) == recorded
    kept = [path.read_bytes() for path in wire.folder.glob("*.png")]
    assert {base64.b64decode(one) for one in recorded} <= set(kept)
    for path in wire.folder.rglob("*.json"):
        assert THEIRS[DRAWS] not in path.name and THEIRS[DRAWS] not in path.read_text(encoding="utf-8")
