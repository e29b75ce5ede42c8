"""A scene out of a prompt: what the engine is told, and what it wrote."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from tests.standin.pictures.arranging import arrange
from tests.standin.pictures.motif import MOTIFS
from tests.standin.pictures.scene import LABELLED_BOX, Scene, read_scene, scene_schema
from tests.standin.pieces import EngineRequest, chat_request

__all__ = ["ask_to_compose", "read_composed"]

_MOST_TOKENS = 900
_HOW = """You plan a picture for an illustrator who knows these motifs and no others:
{motifs}
Write JSON.
setting: where the picture is set. background: the one that fits best; indoors it is a room.
items: what is seen, one item for each thing that the text names, in the order of the text. thing: what the text calls
it. motif: the one that shows it best; "{box}" where none does. colour: as the text says, else "its own".
side, depth: where it stands. size: how large. count: how many.
words: what shall be written in the picture, letter for letter; nearly always ""."""


def _example(text: str, setting: str, background: str, items: str, words: str) -> str:
    """items: lines of thing, motif, colour, side, depth, size, count."""
    names = ("thing", "motif", "colour", "side", "depth", "size", "count")
    rows = [dict(zip(names, line.split(", "), strict=True)) for line in items.splitlines()]
    scene = {
        "setting": setting,
        "background": background,
        "items": [{**row, "count": int(row["count"])} for row in rows],
        "words": words,
    }
    return f"\nExample: {text} -> {json.dumps(scene)}"


_EXAMPLES = _example(
    "Three red balloons over a cottage at the sea, with the words AHOY.",
    "outdoors",
    "sea",
    "balloons, balloon, red, left, back, medium, 3\ncottage, house, its own, right, middle, medium, 1",
    "AHOY",
) + _example(
    "A kitten asleep under a microscope in the living room.",
    "indoors",
    "warm room",
    f"kitten, cat, its own, middle, front, small, 1\nmicroscope, {LABELLED_BOX}, its own, middle, middle, medium, 1",
    "",
)


def ask_to_compose(prompt: str, seed: int | None = None, choice: int = 0) -> EngineRequest:
    """Asks an engine for the scene of a prompt. seed: another gives another scene; None is the likeliest one."""
    how = _HOW.format(motifs=", ".join(MOTIFS), box=LABELLED_BOX) + _EXAMPLES
    messages = [{"role": "system", "content": how}, {"role": "user", "content": prompt}]
    schema = {"type": "json_schema", "json_schema": {"name": "scene", "schema": scene_schema(), "strict": True}}
    drawn: Mapping[str, Any] = {"temperature": 0} if seed is None else {"temperature": 0.7, "seed": seed}
    return chat_request(messages, {**drawn, "response_format": schema}, _MOST_TOKENS, choice, None)


def read_composed(text: str, prompt: str, over: Collection[str] | None = None) -> Scene:
    """The scene that an engine wrote for a prompt, in order. over: see arrange. Raises ValueError where it is none."""
    return arrange(read_scene(json.loads(text)), prompt, over)
