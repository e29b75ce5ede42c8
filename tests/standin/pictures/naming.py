"""Which motifs a text names, with the colour and number that stand before each name."""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from tests.standin.pictures.colours import COLOURS
from tests.standin.pictures.motif import MOTIFS

__all__ = ["Named", "find_names", "is_medium", "words_to_write"]

# Other names of motifs. What a picture is printed or painted on is no thing in it.
_OTHER_NAMES: Mapping[str, str] = {
    "armchair": "reading corner, reading nook, recliner",
    "bird": "gull, seagull, sparrow, robin, parrot, pigeon, crow",
    "bookshelf": "bookshelves, bookcase, library, shelf, shelves",
    "book": "novel, notebook, diary",
    "bush": "hedge, shrub",
    "butterfly": "moth",
    "car": "taxi, cab, automobile, van, truck",
    "cake": "birthday cake, cupcake, pie",
    "candle": "candlelight",
    "cat": "kitten",
    "child": "boy, girl, kid, children, baby, toddler",
    "cloud": "clouds, cloudy",
    "cup": "mug, coffee, tea, cocoa, latte, espresso",
    "dog": "puppy, retriever, labrador, terrier, poodle, dachshund",
    "duck": "goose, swan",
    "fence": "railing, palings",
    "fireplace": "hearth, chimney",
    "fire": "campfire, bonfire, flames",
    "fish": "goldfish, salmon, shark",
    "flower": "rose, daisy, blossom, sunflower, daffodil, poppy",
    "gift": "present, parcel, treasure chest, chest",
    "hat": "cap",
    "horse": "pony, unicorn, donkey",
    "house": "cottage, cabin, hut, home, farmhouse, barn",
    "key": "keys",
    "lake": "pond, river",
    "lamp": "lantern, floor lamp",
    "laptop": "computer, notebook computer",
    "leaf": "leaves, foliage",
    "moon": "moonlight, crescent",
    "mountain": "mountains, peak, peaks, alps, volcano",
    "mushroom": "toadstool",
    "palm": "palm tree, palm trees, palms",
    "person": "people, man, woman, men, women, figure, teacher, worker, farmer",
    "pine": "fir, spruce, christmas tree, pine tree, pine trees, firs",
    "potted plant": "plant, plants, houseplant, fern",
    "rain": "rainy, raining, raindrops",
    "rock": "cliff, stone, boulder, rocks",
    "robot": "android, droid",
    "rug": "carpet",
    "sailing boat": "boat, sailboat, ship, yacht, boats, ships",
    "snowflake": "snowing, snowfall",
    "sofa": "couch, settee",
    "star": "starry",
    "street lamp": "streetlight, lamppost",
    "sun": "sunshine, sunny",
    "table": "desk, counter",
    "teapot": "kettle",
    "tower": "skyscraper, building, buildings, skyline",
    "tree": "oak, apple tree, forest, woods",
    "waves": "wave, surf",
}
_MEDIA = re.compile(
    r"\b(card|postcard|poster|picture|photo|photograph|illustration|painting|watercolou?r|drawing|sketch|icon|logo|"
    r"sticker|banner|cover|scene|view|background|style|product|words?|text|letters?|night|day|evening|morning|sky|"
    r"floor|wall|room|corner|nook|area|space|light|setting|map)\b"
)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "some": 3, "several": 4, "many": 5, "couple": 2}
_NOT = {"no", "not", "without", "never", "nor", "neither", "except"}
_SLEEPS = re.compile(r"\b(sleep\w*|asleep|lying|resting|napping|snoozing|dozing)\b")
_WRITES = re.compile(
    r"[\"“”«»]|\b(words?|texts?|letters?|lettering|says?|saying|titled?|captions?|labell?ed|inscription|written|writing|"
    r"slogan|headline|named|name|reads)\b",
    re.I,
)
_QUOTED = re.compile(
    r"[\"“«]([^\"”»]{1,28})[\"”»]|\b(?:words?|texts?|letters|saying|says|reads)\s+((?:[A-Z0-9][A-Z0-9'!&-]*\s?){1,5})"
)


class Named(NamedTuple):
    """A motif that a text names. colour: "" where it says none. count: 0 where it says none."""

    motif: str
    colour: str
    count: int


@cache
def _names() -> tuple[dict[str, str], int]:
    """(motif by name, words of the longest name); built when all motifs are there."""
    names: dict[str, str] = {}
    for motif in MOTIFS:
        names |= {motif: motif, f"{motif}s": motif, f"{motif}es": motif}
    for motif, others in _OTHER_NAMES.items():
        for name in filter(None, re.split(r",\s*", others)):
            names.setdefault(name.strip(), motif)
            names.setdefault(f"{name.strip()}s", motif)
    names = {name: motif for name, motif in names.items() if motif in MOTIFS}
    return names, max(len(name.split()) for name in names)


def find_names(text: str) -> list[Named]:
    """In the order of the text, each motif once. What stands after "no" or "without" is not named."""
    names, most_words = _names()
    words = re.findall(r"[a-z0-9]+", text.lower())
    found: dict[str, Named] = {}
    place = 0
    while place < len(words):
        for length in range(min(most_words, len(words) - place), 0, -1):
            motif = names.get(" ".join(words[place : place + length]))
            if motif:
                before = words[max(0, place - 3) : place]
                if not _NOT & set(before):
                    if motif == "dog" and _SLEEPS.search(text.lower()):
                        motif = "lying dog"
                    found.setdefault(motif, Named(motif, *_read_before(before)))
                place += length
                break
        else:
            place += 1
    return list(found.values())


def is_medium(thing: str) -> bool:
    """Whether a name is that of what a picture is on, or of its light, and of nothing in it."""
    return bool(_MEDIA.search(thing.lower()))


def words_to_write(prompt: str, chosen: str) -> str:
    """What is written into the picture: what the engine chose, where the prompt asks for writing at all."""
    quoted = _QUOTED.search(prompt)
    if quoted:
        return next(filter(None, quoted.groups())).strip()
    return chosen if _WRITES.search(prompt) else ""


def _read_before(words: list[str]) -> tuple[str, int]:
    """(colour, count) of the words before a name. Beyond an "and" or "with" they belong to another thing."""
    near: list[str] = []
    for word in reversed(words):
        if word in ("and", "with", "of", "on", "in", "near", "the"):
            break
        near.append(word)
    colour = next((word for word in near if word in COLOURS), "")
    counts = [_NUMBERS.get(word) or (int(word) if word.isdecimal() and 1 < int(word) < 7 else 0) for word in near]
    return colour, max(counts, default=0)
