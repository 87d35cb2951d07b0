"""Quality of CycleGAN on natural voices: mel-cepstral distortion to parallel speech.

    python bench/cyclegan.py VOICE [FOLDER]

VOICE is what starters/cyclegan made. Both speakers say Harvard sentences, which its training never had. The peers are
no conversion, and the pitch and the mean envelopes alone, without the network. All is compared in the networks' band,
up to 8 kHz. FOLDER is that of bench/quality.py, which keeps what the speakers say.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from judges import Judges
from measure import ROOT, machine
from metrics import mcd_db

sys.path.insert(0, str(ROOT))

from quality import OPTIONS, Recordings

from starters.cyclegan.train import SOURCE, TARGET
from starters.instant.starter_voices import STARTER_VOICES as STARTERS
from starters.speech.held_out import HARVARD_SENTENCES
from vc_core.conversion.cyclegan.converter import CycleganConverter
from vc_core.signal.world_codes import resample_for_networks
from vc_core.voices.library import Voice, read_card
from vc_core.voices.speaker_model import MODEL_FILE, load_speaker_model

SENTENCES = HARVARD_SENTENCES[:12]


def main(folder: Path, recordings_folder: Path = Path(tempfile.gettempdir()) / "quality-bench") -> None:
    print(machine(), end="\n\n")
    voice, model = Voice(read_card(folder), folder), load_speaker_model(folder / MODEL_FILE)
    converters = [CycleganConverter(voice, one) for one in (model.without_network(), model)]
    spoken_by = {starter.folder_name: starter.kokoro for starter in STARTERS}
    recordings, distances = Recordings(recordings_folder, Judges()), []
    for text in SENTENCES:
        spoken, target = (recordings.read(spoken_by[name], text) for name in (SOURCE, TARGET))
        made = [spoken, *(one.convert(spoken, OPTIONS) for one in converters)]
        distances.append([mcd_db(resample_for_networks(target), resample_for_networks(one)) for one in made])
    print("The bar is 2 dB below unconverted.\n\n| | unconverted | pitch and averages | CycleGAN |\n|---|---|---|---|")
    print(f"| {SOURCE} → {TARGET} | " + " | ".join(f"{mean:.2f} dB" for mean in np.mean(distances, axis=0)) + " |")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
