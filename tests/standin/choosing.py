"""Which engines answer a reader: what each would fetch is said before anything is fetched."""

from collections.abc import Callable
from pathlib import Path

from tests.standin.engines import ENGINES, TOGETHER, TOKENIZERS
from tests.standin.sound.hearing import WHISPER, Whisper
from tests.standin.sound.moonshine import MOONSHINE, Moonshine
from tests.standin.sound.speaking import KOKORO, Kokoro
from tests.standin.sound.whisper_tiny import WHISPER_TINY, WhisperTiny
from tests.standin.vectors import VECTORS
from tests.standin.weights import FOLDER, count_download

__all__ = ["OFFERED", "choose_engine", "describe_engine", "describe_sound"]

# The first is taken where nobody is there to be asked.
OFFERED = {
    "smollm2": "quick, and often wrong",
    "qwen": "better and slower; 2.4 GB of memory",
    "both": "as the course was recorded",
}


def choose_engine(ask: Callable[[str], str] | None = None, given: Path | None = None, say: Callable = print) -> str:
    """A name of OFFERED: the reader's, or the first where `ask` is None. Enter takes both, as the course has it.

    given: the reader's own file or folder of weights; a file is the choice already.
    """
    first = next(iter(OFFERED))
    if given is not None and given.is_file():
        return first
    for name in OFFERED:
        say(f"  {name:<8} {describe_engine(name, given)}")
    if ask is None:
        say(f"{first} is started; --engine names another.")
        return first
    while True:
        answer = ask("Which engine? [both] ").strip().lower() or "both"
        if answer in OFFERED:
            return answer
        say(f"one of {', '.join(OFFERED)}")


def describe_engine(name: str, given: Path | None = None) -> str:
    """Model, megabytes still to fetch with all that goes with it, and what to expect."""
    members = TOGETHER.get(name, (name,))
    chat = [kind.weights for kind in (ENGINES[each] for each in members) if kind.weights]
    vectors = [VECTORS[each] for each in (["minilm"] if len(members) == 1 else ["minilm", "gte"])]
    needed = [*chat, *(file for kind in vectors for file in (kind.model, kind.tokenizer))]
    fetched = count_download(needed, FOLDER, given) + count_download(TOKENIZERS, FOLDER / "tokenizers", given)
    size = f"{fetched / 1e6:,.0f} MB to fetch" if fetched else "fetched already"
    return f"{' + '.join(file.title.split('-Instruct')[0] for file in chat)}: {size}; {OFFERED[name]}"


def describe_sound(given: Path | None = None) -> str:
    """Who hears and who speaks, and what is fetched for it, which is when it is first needed and not before."""
    folder = given if given and given.is_dir() else None
    needed = sum(count_download(files, FOLDER, folder) for files in (WHISPER, WHISPER_TINY, MOONSHINE, KOKORO))
    when = f"{needed / 1e6:,.0f} MB to fetch, each when its first sound comes" if needed else "fetched already"
    return f"Sound: {Whisper.label}, {WhisperTiny.label} or {Moonshine.label} hears, {Kokoro.label} speaks; {when}"
