"""Makes what notebook 09 sends: AZURE_OPENAI_MODE=live python data/media/speak_for_listening.py [NAME ...]

Without a name all are made. Asks the resource that .env names (here: the stand-in, so Kokoro speaks) to say
data/texts/spoken.json, puts the turns together with pauses, adds white noise of a stated strength to the sentences that
are measured, and writes small MP3.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from helpers import connect
from helpers.audio import Sound, read_sound
from helpers.settings import ROOT
from helpers.waves import add_noise

FOLDER = ROOT / "data" / "media" / "listening"
PAUSE_S, EDGE_S = 0.45, 0.3  # between turns; before the first and after the last
LOUDEST = 0.7


def main() -> None:
    spoken = json.loads((ROOT / "data" / "texts" / "spoken.json").read_text(encoding="utf-8"))
    client = connect("speaking")
    FOLDER.mkdir(exist_ok=True)
    wanted = set(sys.argv[1:])
    for name, one in spoken["recordings"].items():
        if not wanted or name in wanted:
            write(name, say(client, one["turns"], one.get("said", {})))
    for number, one in enumerate(spoken["measured"]["sentences"]):
        if wanted and one["name"] not in wanted:
            continue
        sounds = {accent: say(client, [(one[accent], one["text"])]) for accent in ("american", "british")}
        for accent, sound in sounds.items():
            write(f"{one['name']}_{accent}", sound)
        for level in spoken["measured"]["noise_db"]:
            noisy = add_noise(sounds[one["noisy"]], level, seed=100 * (number + 1) + level)
            write(f"{one['name']}_{level}db".replace("-", "minus"), noisy)


def say(client: Any, turns: Any, said: Any = None) -> Sound:
    """The turns one after another, each as loud as the others."""
    parts: list[Any] = [np.zeros(round(EDGE_S * 24_000), np.float32)]
    for number, (voice, text) in enumerate(turns):
        for name, sounds_like in (said or {}).items():
            text = text.replace(name, sounds_like)
        answer = client.audio.speech.create(model="gpt-4o-mini-tts", voice=voice, input=text, response_format="wav")
        sound = read_sound(answer)
        if number:
            parts.append(np.zeros(round(PAUSE_S * sound.rate), np.float32))
        parts.append(sound.samples * np.float32(0.08 / np.sqrt(np.mean(sound.samples**2))))
    parts.append(parts[0])
    samples = np.concatenate(parts)
    return Sound(samples * np.float32(min(1.0, LOUDEST / np.abs(samples).max())), 24_000)


def write(name: str, sound: Sound) -> None:
    path = Path(FOLDER, f"{name}.mp3")
    path.write_bytes(sound.to_mp3(32))
    print(f"{path.name}: {sound.seconds:.1f} s, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
