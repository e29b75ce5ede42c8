"""Other names of motifs: an engine may call a kettle what the illustrator knows as a teapot."""

import re
from collections.abc import Mapping
from functools import cache

from tests.standin.pictures.motif import MOTIFS

__all__ = ["find_motif", "is_medium"]

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


def find_motif(thing: str) -> str:
    """The last motif that a thing's name holds, "" for none: of "birthday cake on a table" the table."""
    names, most_words = _names()
    words = re.findall(r"[a-z0-9]+", thing.lower())
    found, place = "", 0
    while place < len(words):
        for length in range(min(most_words, len(words) - place), 0, -1):
            if motif := names.get(" ".join(words[place : place + length])):
                found, place = motif, place + length
                break
        else:
            place += 1
    return found


def is_medium(thing: str) -> bool:
    """Whether a name is that of what a picture is on, or of its light, and of nothing in it."""
    return bool(_MEDIA.search(thing.lower()))
