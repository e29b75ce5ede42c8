"""Where the items of a scene stand: a box for each, in hundredths of the picture's width and height, back to front."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.standin.pictures.motif import MOTIFS, Motif
from tests.standin.pictures.scene import LABELLED_BOX, Item, Scene

__all__ = ["WINDOW_FRAME", "Placed", "place_items"]

WINDOW_FRAME = "window frame"  # drawn once more, over what is seen through the window

_SIDES = {"left": 21, "middle": 50, "right": 79}
_GROUND = {"back": 66, "middle": 79, "front": 93}  # where feet stand
_ALOFT = {"back": 14, "middle": 24, "front": 36}  # the middle of what hangs or flies
_ROOMY = (1.4, 1.4, 1.3, 1.22, 1.15, 1.08, 1.0)  # so many items: so much larger is each
_BELOW_WORDS = 12  # hundredths of the height by which words at the top push down what hangs or flies
_NEAR = {"back": 0.8, "middle": 1.0, "front": 1.14}
_SIZES = {"small": 0.68, "medium": 1.0, "large": 1.42}
_FAR = {"mountain", "hill", "castle", "rainbow"}  # behind all else, their feet on the horizon
# What is seen through a window, where a room has one.
_OUTSIDE = _FAR | {
    "sun", "moon", "star", "cloud", "rain", "snowflake", "tree", "pine", "palm", "lake", "waves", "house", "tower",
    "windmill", "lighthouse", "aeroplane", "hot air balloon",
}  # fmt: skip
_FLAT = {"rug", "lake", "road"}  # on the ground under all else
# What stands on a table of the same side, and how far below the top of its box a table's top lies.
_TABLES = {"table": 0.1, "bench": 0.52}
_ON_TABLES = {
    "cup", "teapot", "plate", "bottle", "vase", "candle", "book", "stack of books", "cake", "apple", "bananas",
    "pizza", "bread", "laptop", "phone", "camera", "gift", "potted plant", "basket", "hat", "key",
}  # fmt: skip
_MOTLEY = {
    "balloon",
    "hot air balloon",
    "flower",
    "tulip",
    "gift",
    "kite",
    "umbrella",
    "flag",
    "butterfly",
    "fish",
    "book",
}
_MOTLEY_COLOURS = ("red", "yellow", "blue", "purple", "teal")
_BOX = Motif(lambda pen, tone: None, "white", 1.3, 0.16, True, 1)


@dataclass(frozen=True)
class Placed:
    """An item and one of its boxes: left, top, width, height in hundredths of the picture's width (all four)."""

    item: Item
    box: tuple[float, float, float, float]
    is_aloft: bool


def place_items(scene: Scene, shape: float, seed: int) -> list[Placed]:
    """shape: the picture's height for a width of 1. seed: moves everything a little."""
    chance = random.Random(seed)
    if len(scene.items) == 1 and scene.items[0].count == 1 and scene.background == "plain" and not scene.words:
        return [_fill(scene.items[0], shape)]
    is_room = scene.background.endswith("room")
    outside = [item for item in scene.items if item.motif in _OUTSIDE] if is_room and _has(scene, "window") else []
    inside = [item for item in scene.items if item not in outside]
    crowds: dict[tuple[str, str, str], list[Item]] = {}
    for item in inside:
        crowds.setdefault((item.side, item.depth, _layer_of(item)), []).extend(_one_by_one(item, scene))
    roomy = _ROOMY[min(sum(item.count for item in inside), len(_ROOMY) - 1)]
    lower = _BELOW_WORDS if scene.words else 0
    if not any(_motif_of(item).stands for item in scene.items):
        lower += 18  # nothing stands below
    placed = [
        each
        for (side, _, _), items in crowds.items()
        for each in _spread(items, _SIDES[side], shape, roomy, lower, chance)
    ]
    placed.sort(key=lambda one: _rank(one, shape))
    return [each for one in _set_on_tables(placed) for each in _look_through(one, outside)]


def _fill(item: Item, shape: float) -> Placed:
    """One thing before nothing, as on an icon: in the middle, and as large as it can be."""
    motif = _motif_of(item)
    tall = min(76 * shape, 76 / motif.wide)
    wide = tall * motif.wide
    return Placed(item, (50 - wide / 2, 50 * shape - tall / 2, wide, tall), True)


def _layer_of(item: Item) -> str:
    """Items of one layer stand side by side; those of another, before or behind them."""
    if item.motif in _FAR | _FLAT:
        return item.motif
    return "ground" if _motif_of(item).stands else "air"


def _has(scene: Scene, motif: str) -> bool:
    return any(item.motif == motif for item in scene.items)


def _look_through(one: Placed, outside: list[Item]) -> Iterator[Placed]:
    """What is seen through a window stands in its pane, right after it; its frame is drawn again on top."""
    yield one
    if one.item.motif != "window" or not outside:
        return
    left, top, wide, tall = one.box
    x, y, across, down = left + wide * 0.12, top + tall * 0.09, wide * 0.76, tall * 0.76
    for item in sorted(outside, key=lambda item: item.motif not in _FAR):
        motif = _motif_of(item)
        height = down * (0.62 if motif.stands else 0.3)
        width = min(height * motif.wide, across)
        height = width / motif.wide
        at = {"left": 0, "middle": 0.5, "right": 1}[item.side] if item.motif not in _FAR else 0.5
        above = y + down - height if motif.stands else y + down * 0.06
        yield Placed(item, (x + (across - width) * at, above, width, height), True)
    yield Placed(replace(one.item, motif=WINDOW_FRAME), one.box, True)


def _one_by_one(item: Item, scene: Scene) -> Iterator[Item]:
    """Each piece by itself; where nobody said a colour, bright things have one each."""
    is_motley = item.motif in scene.motley and item.motif in _MOTLEY
    for place in range(item.count):
        yield replace(item, count=1, colour=_MOTLEY_COLOURS[place % 5] if is_motley else item.colour)


def _motif_of(item: Item) -> Motif:
    return _BOX if item.motif == LABELLED_BOX else MOTIFS[item.motif]


def _spread(
    items: list[Item], middle: float, shape: float, roomy: float, lower: float, chance: random.Random
) -> Iterator[Placed]:
    """Side by side around the middle of their third; many of them are made smaller."""
    shrink = (1, 1, 0.92, 0.8, 0.7, 0.62)[min(len(items), 6) - 1]
    alone = roomy > 1 and middle == _SIDES["middle"]
    step = min(26, 84 / max(1, len(items))) if alone else min(17, 40 / max(1, len(items)))
    for place, item in enumerate(items):
        motif = _motif_of(item)
        tall = 100 * shape * motif.tall * _SIZES[item.size] * _NEAR[item.depth] * shrink * roomy
        if shape > 1.2:
            tall /= shape**0.5  # a tall picture is no wider
        wide = tall * motif.wide
        room = (_GROUND[item.depth] - 5 if motif.stands else 84 - lower) * shape  # it shall not leave the picture
        fit = min(1, 96 / wide, room / tall)
        tall, wide = tall * fit, wide * fit
        x = middle + (place - (len(items) - 1) / 2) * step + chance.uniform(-2.5, 2.5)
        x = min(max(x, wide / 2 + 1), 99 - wide / 2)
        if motif.stands:
            base = 61 if item.motif in _FAR else _GROUND[item.depth] + chance.uniform(-1.5, 1.5)
            top = base * shape - tall
        else:
            top = max(2 + lower * 1.3, (_ALOFT[item.depth] + lower + chance.uniform(-3, 3)) * shape - tall / 2)
        yield Placed(item, (x - wide / 2, top, wide, tall), not motif.stands)


def _rank(one: Placed, shape: float) -> tuple[int, float]:
    """What is drawn first is behind."""
    _, top, _, tall = one.box
    if one.item.motif in _FAR:
        return (0, top)
    if one.is_aloft:
        return (1, top)
    return (2, top + tall - (30 * shape if one.item.motif in _FLAT else 0))


def _set_on_tables(placed: list[Placed]) -> Iterator[Placed]:
    """The tables first, then what stands on them, in their place in the order."""
    tables = {one.item.side: one for one in placed if one.item.motif in _TABLES}
    loads: dict[str, list[Placed]] = {}
    for one in placed:
        if one.item.motif in _ON_TABLES and one.item.side in tables and one.item.depth != "front":
            loads.setdefault(one.item.side, []).append(one)
    taken = {id(one) for load in loads.values() for one in load}
    for one in placed:
        if id(one) in taken:
            continue
        yield one
        if one is tables.get(one.item.side):
            left, top, wide, tall = one.box
            load = loads.get(one.item.side, [])
            for place, thing in enumerate(load):
                _, _, width, height = thing.box
                fit = min(1, 0.9 * wide / len(load) / width)
                x = left + wide * (place + 0.5) / len(load) - width * fit / 2
                base = top + tall * _TABLES[one.item.motif]
                yield Placed(thing.item, (x, base - height * fit, width * fit, height * fit), False)
