"""What a scene says: the schema that an engine is held to, and reading what it wrote."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from tests.standin.pictures import motifs_animals, motifs_home, motifs_nature, motifs_things  # noqa: F401 (they enter)
from tests.standin.pictures.colours import COLOURS
from tests.standin.pictures.motif import MOTIFS

__all__ = [
    "BACKGROUNDS",
    "LABELLED_BOX",
    "MOST_ITEMS",
    "Background",
    "Item",
    "Scene",
    "Side",
    "Size",
    "read_scene",
    "scene_schema",
]

Background = Literal[
    "warm room",
    "cool room",
    "meadow",
    "beach",
    "sea",
    "city street",
    "night",
    "snow",
    "desert",
    "sunset",
    "balcony",
    "plain",
]
Side = Literal["left", "middle", "right"]
Depth = Literal["back", "middle", "front"]
Size = Literal["small", "medium", "large"]
BACKGROUNDS = get_args(Background)
_SETTINGS = ("indoors", "outdoors", "nowhere in particular")
LABELLED_BOX = "labelled box"  # in place of what no motif draws
MOST_ITEMS, MOST_OF_ONE, MOST_LETTERS, MOST_OF_LABEL = 10, 6, 28, 18


@dataclass(frozen=True)
class Item:
    """One thing of a scene. motif: of motif.MOTIFS, or LABELLED_BOX with its label. colour: of colours.COLOURS.

    thing: what the engine called it. has_own_colour: whether it gave it none of another.
    """

    motif: str
    colour: str
    side: Side
    depth: Depth
    size: Size
    count: int
    label: str = ""
    thing: str = field(default="", compare=False)
    has_own_colour: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Scene:
    """background: of BACKGROUNDS. words: to be written into the picture, often none.

    motley: motifs each of whose pieces has a colour of its own. style: of the whole picture.
    """

    background: Background
    items: tuple[Item, ...]
    words: str = ""
    motley: frozenset[str] = frozenset()
    style: Literal["", "watercolour"] = ""


def scene_schema() -> dict[str, Any]:
    """The JSON schema of a scene. The order of its fields is the order in which an engine decides."""

    def one_of(*values: str) -> dict[str, Any]:
        return {"type": "string", "enum": list(values)}

    item = {
        "thing": {"type": "string", "minLength": 1, "maxLength": MOST_OF_LABEL},
        "motif": one_of(*MOTIFS, LABELLED_BOX),
        "colour": one_of("its own", *COLOURS),
        "side": one_of(*get_args(Side)),
        "depth": one_of(*get_args(Depth)),
        "size": one_of(*get_args(Size)),
        "count": {"type": "integer", "minimum": 1, "maximum": MOST_OF_ONE},
    }
    scene = {
        "setting": one_of(*_SETTINGS),
        "background": one_of(*BACKGROUNDS),
        "items": {"type": "array", "items": _closed(item), "minItems": 1, "maxItems": MOST_ITEMS},
        "words": {"type": "string", "maxLength": MOST_LETTERS},
    }
    return _closed(scene)


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def read_scene(written: Any) -> Scene:
    """The scene of an engine's JSON. An item that was named before, in the same place and colour, counts once.

    Raises ValueError where it is no scene.
    """
    try:
        items = dict.fromkeys(_read_item(one) for one in written["items"][:MOST_ITEMS])
        background, words = written["background"], str(written["words"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no scene: {error}") from None
    if written.get("setting") == "indoors" and not background.endswith("room"):
        background = "warm room"  # what lies outside is seen through a window
    if background not in BACKGROUNDS or not items:
        raise ValueError(f"no scene: background {background!r}, {len(items)} items")
    return Scene(background, tuple(items), words.strip()[:MOST_LETTERS])


def _read_item(written: Mapping[str, Any]) -> Item:
    motif, colour = written["motif"], written["colour"]
    thing = str(written.get("thing", "")).strip()
    if motif == LABELLED_BOX and thing.lower() in MOTIFS:
        motif = thing.lower()  # a box was asked for in place of what can be drawn
    if motif not in MOTIFS and motif != LABELLED_BOX:
        raise ValueError(f"no scene: motif {motif!r}")
    has_own_colour = colour not in COLOURS
    if has_own_colour:
        colour = MOTIFS[motif].colour if motif in MOTIFS else "white"
    label = thing[:MOST_OF_LABEL] if motif == LABELLED_BOX else ""
    count = min(max(int(written["count"]), 1), MOST_OF_ONE)
    side, depth, size = (
        written[name] if written[name] in get_args(kind) else middle
        for name, kind, middle in (("side", Side, "middle"), ("depth", Depth, "middle"), ("size", Size, "medium"))
    )
    return Item(
        motif, colour, cast("Side", side), cast("Depth", depth), cast("Size", size), count, label, thing, has_own_colour
    )
