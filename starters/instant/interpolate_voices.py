"""Give each starter voice a share of the base decoder, which keeps more words. Once, after both were refined.

    python -m starters.instant.interpolate_voices [VOICES]

The decoders in VOICES are replaced.
"""

import sys
from pathlib import Path

import torch

from starters.instant.refine_voices import replace_decoder
from starters.instant.starter_voices import STARTER_VOICES
from vc_core.conversion import STARTER_VOICES as VOICES_FOLDER
from vc_core.training.instant.interpolation import interpolate_weights
from vc_core.voices.instant_weights import DECODER_FILE, load_decoder

BASE_SHARE = 0.3


def interpolate_voice(folder: Path) -> None:
    base, own = load_decoder(), load_decoder(folder / DECODER_FILE)
    with torch.no_grad():
        base.code.copy_(own.code)  # the speaker stays
    replace_decoder(folder, interpolate_weights(base, own, BASE_SHARE))


def main(voices: Path = VOICES_FOLDER) -> None:
    for voice in STARTER_VOICES:
        interpolate_voice(voices / voice.folder_name)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
