"""A corpus of older synthesisers' speech (flite, espeak-ng), in the form of the natural one, for robustness.

python -m starters.speech.robots FOLDER [ITEMS]
"""

import sys
from pathlib import Path

import numpy as np
import soundfile

from starters.instant.recordings import say
from starters.speech.english import choose_english
from starters.speech.held_out import HARVARD_SENTENCES, require_allowed
from starters.speech.index import append_row, read_done
from starters.speech.phonemes import convert_ipa, espeak_ipa

VOICES = ("slt", "awb", "kal16", "slt*1.12", "awb*1.1", "awb*0.9", "en-us+f2", "en-us+m3", "en-gb-x-rp+f4")
SEED = 43


def main(folder: Path, items: int = 400) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    done = read_done(folder)
    for number in (number for number in range(items) if number not in done):
        generator = np.random.default_rng([SEED, number])
        voice = VOICES[int(generator.integers(len(VOICES)))]
        require_allowed(voice)
        text = choose_english(generator)
        if text in HARVARD_SENTENCES:
            continue
        audio = say(voice, text)
        ipa = espeak_ipa(text, "en-us")
        phonemes = convert_ipa(ipa, "en-us", set(ipa) | set("ɹʧʤIWAOQYᵊᵻ"))
        soundfile.write(folder / f"{number:06}.flac", audio.samples[0], audio.sample_rate, subtype="PCM_16")
        row = {
            "number": number,
            "file": f"{number:06}.flac",
            "seconds": audio.seconds,
            "phonemes": phonemes,
            "speaker": -1,
        }
        append_row(folder, row)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
