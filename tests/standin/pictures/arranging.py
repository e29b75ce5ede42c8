"""Where the things of a scene stand: a small engine often piles them up, or sets a teapot beside its table.

Which things are seen, in which colours, how many and before which background is the engine's choice alone, slips and
all: nothing is added, left out or recoloured because the prompt says so. By rules, so that a scene is arranged alike.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import cast

from tests.standin.pictures.motif import MOTIFS
from tests.standin.pictures.naming import find_motif, is_medium
from tests.standin.pictures.scene import LABELLED_BOX, MOST_ITEMS, Item, Scene, Side, Size

__all__ = ["arrange"]

_MORE = re.compile(r"\b(another|more|second|third|two|three|again)\b", re.I)
_SIDES = re.compile(r"\b(left|right|middle|centre|center)\b", re.I)
# Where things hang or stand whatever was said.
_BEHIND = {
    "window",
    "door",
    "bookshelf",
    "fireplace",
    "picture frame",
    "clock",
    "mountain",
    "hill",
    "fence",
    "house",
    "castle",
}
_FURNITURE = ("table", "bench")
_ON_FURNITURE = {
    "cup", "teapot", "plate", "bottle", "vase", "candle", "book", "stack of books", "cake", "apple", "bananas", "pizza",
    "bread", "laptop", "phone", "camera", "gift", "potted plant", "basket", "hat", "key", "lamp",
}  # fmt: skip
_ORDERS: dict[int, tuple[Side, ...]] = {
    1: ("middle",), 2: ("left", "right"), 3: ("middle", "left", "right"),
}  # fmt: skip


def arrange(scene: Scene, prompt: str, over: Collection[str] | None = None) -> Scene:
    """The scene with its things spread over the picture.

    over: None for a new picture; else the motifs, if any are known, of the picture over which this one is drawn. What
    is there already is left out, unless more of it is asked for, and the rest stays where the engine set it.
    """
    items = _merge(_name_boxes(scene.items))[:MOST_ITEMS]
    if over is not None and not _MORE.search(prompt):
        items = [item for item in items if item.motif not in over] or items
    if not items:
        items = list(scene.items)
    items = _put_on_table(items, prompt)
    if over is None and not _SIDES.search(prompt):
        items = _spread(items)
    return replace(
        scene,
        items=tuple(items if over is not None else _enlarge(items)),
        motley=frozenset(item.motif for item in items if item.count > 1 and item.has_own_colour),
        style="watercolour" if re.search(r"\bwater-?\s?colou?r", prompt, re.I) else "",
    )


def _enlarge(items: Sequence[Item]) -> list[Item]:
    """Where few things are seen and none is large, each is a size larger."""
    grows = {"small": "medium", "medium": "large"}
    stands = [item for item in items if item.motif in MOTIFS and MOTIFS[item.motif].stands]
    if len(stands) > 3 or {item.motif for item in items} & {"window", "bed"} or any(i.size == "large" for i in items):
        return list(items)
    return [item if item.motif in _BEHIND else replace(item, size=cast("Size", grows[item.size])) for item in items]


def _name_boxes(items: Iterable[Item]) -> list[Item]:
    """A box that the engine gave a motif's other name shows it. One that names only what the picture is on is none."""
    kept = []
    for item in items:
        if item.motif == LABELLED_BOX:
            meant = find_motif(item.thing)
            if not meant and is_medium(item.thing):
                continue
            if meant:
                item = replace(item, motif=meant, colour=MOTIFS[meant].colour, label="")
        kept.append(item)
    return kept


def _merge(items: list[Item]) -> list[Item]:
    """One item for each thing: engines name the same twice, in two places."""
    kept: dict[tuple[str, str, str], Item] = {}
    for item in items:
        kept.setdefault((item.motif, item.colour, item.label), item)
    return list(kept.values())


def _put_on_table(items: list[Item], prompt: str) -> list[Item]:
    """What is small stands on the table where there is one, and the table where it is seen."""
    table = next((item for item in items if item.motif in _FURNITURE), None)
    small = [item for item in items if item.motif in _ON_FURNITURE]
    if table is None or not small or not re.search(r"\bon\b", prompt, re.I):
        return items
    only = len(items) == len(small) + 1
    stands = replace(table, side="middle" if only else table.side, depth="front", size="large" if only else table.size)
    placed = {
        item: replace(item, side=stands.side, depth="middle", size="large" if only and len(small) == 1 else item.size)
        for item in small
    }
    return [stands if item is table else placed.get(item, item) for item in items]


def _spread(items: list[Item]) -> list[Item]:
    """Things that stand are spread over the width; what is alone stands large in the middle."""
    tables = {item.side for item in items if item.motif in _FURNITURE}
    moved = []
    stands = [
        item
        for item in items
        if not (item.motif in _ON_FURNITURE and item.side in tables and item.depth != "front")
        and (item.motif == LABELLED_BOX or MOTIFS[item.motif].stands)
        and item.motif not in _BEHIND
    ]
    behind = [item for item in items if item.motif in _BEHIND]
    if len(items) == 1:
        return [replace(items[0], side="middle", size="large")]
    crowded = len(stands) > 1 and len({item.side for item in stands}) < min(3, len(stands))
    order = _ORDERS.get(len(stands), ("left", "middle", "right"))
    for item in items:
        if item.motif in MOTIFS and not MOTIFS[item.motif].stands and item.motif not in _BEHIND and item.count > 1:
            item = replace(item, side="middle")
        if item in stands and (crowded or len(stands) == 1):
            item = replace(item, side=order[stands.index(item) % len(order)])
        elif item in behind and len({one.side for one in behind}) < len(behind):
            item = replace(item, side=("middle", "left", "right")[behind.index(item) % 3])
        moved.append(item)
    return moved
