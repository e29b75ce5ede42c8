"""Puts a scene in order: a small engine names the things of a prompt, and often leaves one out or piles them up.

By rules alone, so that the same scene for the same prompt is arranged alike. What the prompt says holds: what it names
is there, in its colour and number; what it does not ask to be written is not written.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import cast

from tests.standin.pictures.motif import MOTIFS
from tests.standin.pictures.naming import Named, find_names, is_medium, words_to_write
from tests.standin.pictures.scene import LABELLED_BOX, MOST_ITEMS, Background, Item, Scene, Side, Size

__all__ = ["arrange"]

_TAKES_AWAY = re.compile(r"\b(remove|delete|erase|replace|instead|swap|take away|get rid)\b", re.I)
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
_OUTDOORS = {
    "mountain", "hill", "tree", "pine", "palm", "house", "lighthouse", "castle", "tower", "tent", "windmill", "bridge",
    "car", "bus", "train", "sailing boat", "waves", "lake", "road", "street lamp", "snowman", "hot air balloon",
    "rainbow", "sun", "moon", "cow", "sheep", "horse", "aeroplane", "rocket", "grass", "bush", "cactus",
}  # fmt: skip
_PLAIN = re.compile(r"\b(icon|logo|sticker|plain background|white background|card|postage stamp|badge)\b", re.I)
_INDOORS = re.compile(
    r"\b(room|indoors?|kitchen|living|bedroom|office|library|corner|studio|product|classroom)\b", re.I
)
_WARM = re.compile(r"\b(co[sz]y|warm|homely|candle\w*|fireplace|autumn)\b", re.I)
_PLACES: tuple[tuple[Background, re.Pattern[str]], ...] = tuple(
    (background, re.compile(rf"\b({words})\b", re.I))
    for background, words in (
        ("night", "night|midnight|starry"),
        ("sunset", "sunset|sunrise|dusk|dawn"),
        ("snow", "snow|snowy|winter"),
        ("beach", "beach|island|shore"),
        ("sea", "sea|ocean|harbou?r|lake"),
        ("desert", "desert|dunes?"),
        ("balcony", "balcony|terrace|rooftop"),
        ("city street", "city|street|town|taxi|skyline|traffic"),
        ("meadow", "meadow|garden|park|field|farm|forest|mountains?|hills?|village|outdoors?"),
    )
)
_AT_SEA = {"sailing boat", "waves", "fish"}
_ORDERS: dict[int, tuple[Side, ...]] = {
    1: ("middle",), 2: ("left", "right"), 3: ("middle", "left", "right"),
}  # fmt: skip


def arrange(scene: Scene, prompt: str, over: Collection[str] | None = None) -> Scene:
    """The scene with its things named, coloured, counted and spread as the prompt says.

    over: None for a new picture; else the motifs, if any are known, of the picture over which this one is drawn. What
    is there already is left out, unless more of it is asked for, and the rest stays where the engine set it.
    """
    named = [] if _TAKES_AWAY.search(prompt) else find_names(prompt)
    items = _name_boxes(scene.items, named)
    items = _complete(items, named)
    items = _set_colours(items, named)
    items = _merge(items)[:MOST_ITEMS]
    if over is not None and not _MORE.search(prompt):
        items = [item for item in items if item.motif not in over] or items
    if not items:
        items = list(scene.items)
    items = _put_on_table(items, prompt)
    if over is None and not _SIDES.search(prompt):
        items = _spread(items)
    return Scene(
        _choose_background(scene.background, items, prompt),
        tuple(items if over is not None else _enlarge(items)),
        words_to_write(prompt, scene.words),
        frozenset(one.motif for one in named if not one.colour and one.count > 1),
        "watercolour" if re.search(r"\bwater-?\s?colou?r", prompt, re.I) else "",
    )


def _choose_background(chosen: Background, items: Sequence[Item], prompt: str) -> Background:
    """What the prompt calls the place, where the engine took a room for it; a room where a window is seen."""
    motifs = {item.motif for item in items}
    if chosen == "cool room" and _WARM.search(prompt):
        chosen = "warm room"
    if "window" in motifs and chosen.endswith("room"):
        return chosen
    if _PLAIN.search(prompt):
        return "plain"
    if _INDOORS.search(prompt):
        return chosen if chosen.endswith("room") or chosen == "plain" else "warm room"
    for background, words in _PLACES:
        if words.search(prompt) and (chosen.endswith("room") or chosen == "plain" or background == "night"):
            return background
    if chosen.endswith("room") and motifs & _OUTDOORS:
        return "sea" if motifs & _AT_SEA else "meadow"
    return chosen


def _enlarge(items: Sequence[Item]) -> list[Item]:
    """Where few things are seen and none is large, each is a size larger."""
    grows = {"small": "medium", "medium": "large"}
    stands = [item for item in items if item.motif in MOTIFS and MOTIFS[item.motif].stands]
    if len(stands) > 3 or {item.motif for item in items} & {"window", "bed"} or any(i.size == "large" for i in items):
        return list(items)
    return [item if item.motif in _BEHIND else replace(item, size=cast("Size", grows[item.size])) for item in items]


def _name_boxes(items: Iterable[Item], named: Iterable[Named]) -> list[Item]:
    """A box whose name is a motif's shows it, and so does what the engine drew otherwise than the prompt calls it.

    Boxes that name only what the picture is on are left out.
    """
    said = {one.motif for one in named}
    kept = []
    for item in items:
        found = find_names(item.thing)
        meant = found[-1].motif if found else ""
        if meant and (item.motif == LABELLED_BOX or (item.motif not in said and meant in said)):
            item = replace(item, motif=meant, colour=MOTIFS[meant].colour, label="")
        elif item.motif == LABELLED_BOX and is_medium(item.thing):
            continue
        kept.append(item)
    return kept


def _complete(items: list[Item], named: list[Named]) -> list[Item]:
    """What the prompt names and the scene lacks is added; a dog that sleeps lies."""
    there = {item.motif for item in items}
    if "lying dog" in {one.motif for one in named}:
        items = [replace(item, motif="lying dog") if item.motif == "dog" else item for item in items]
        there = {item.motif for item in items}
    if "armchair" in {one.motif for one in named}:
        there |= {"chair", "sofa"} & there and {"armchair"}
    for one in named:
        if one.motif not in there:
            motif = MOTIFS[one.motif]
            depth = "back" if one.motif in _BEHIND or not motif.stands else "middle"
            items.append(Item(one.motif, motif.colour, "middle", depth, "medium", one.count or 1))
    return items


def _set_colours(items: list[Item], named: list[Named]) -> list[Item]:
    """The prompt's colour and number for each thing; a colour that it gives to another thing is not taken."""
    said = {one.motif: one for one in named}
    given = {one.colour for one in named if one.colour}
    done = []
    for item in items:
        one = said.get(item.motif)
        if one and one.colour:
            item = replace(item, colour=one.colour)
        elif one and item.colour in given:
            item = replace(item, colour=MOTIFS[item.motif].colour)
        if one and one.count:
            item = replace(item, count=one.count)
        done.append(item)
    return done


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
