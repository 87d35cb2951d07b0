"""Measure what a minute of a voice, and seconds of training on one thread, make of the start.

    python -m starters.instant.evaluate_new_voice [SECONDS ...]

The voice is flite's awb, which the decoder's start has not heard; the encoder has.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from starters.instant.evaluate import OPTIONS, UNHEARD, say
from starters.instant.learning import Schedule
from starters.instant.measures import distortion_db
from starters.instant.recordings import prepare_voice
from starters.instant.sentences import EVALUATION
from starters.instant.train_voices import START, load_encoder, pitch_range_of, save_voice, train_voice
from vc_core.conversion import load_converter
from vc_core.conversion.instant import UNITS_FILE
from vc_core.models import units
from vc_core.voices import Voice, read_card

VOICE = "awb"
RECORDED_SECONDS = 60.0
TRAINED_SECONDS = (10.0, 20.0, 60.0)


def main(trained_seconds: tuple[float, ...] = TRAINED_SECONDS) -> None:
    torch.set_num_threads(1)
    recordings = prepare_voice(VOICE, RECORDED_SECONDS, load_encoder(UNITS_FILE), 77, units.RATE)
    pairs = [(say(UNHEARD, text), say(VOICE, text)) for text in EVALUATION]
    details = {
        "name": VOICE,
        "sample_rate": units.RATE,
        "licence": "MIT",
        "consent": "permission",
        "origin": "A minute of flite's voice awb.",
        "pitch_range_hz": pitch_range_of(recordings),
    }
    for seconds in trained_seconds:
        torch.manual_seed(1)
        decoder = train_voice(recordings, START, Schedule(steps=1_000_000, rate=1e-3, seconds=seconds))
        with tempfile.TemporaryDirectory() as name:
            save_voice(decoder, Path(name), details)
            converter = load_converter(Voice(read_card(Path(name)), Path(name)))
        scores = [distortion_db(converter.convert(source, OPTIONS), truth) for source, truth in pairs]
        print(f"{seconds:.0f} s of training: {np.mean(scores):.2f} dB from {UNHEARD} to {VOICE}", flush=True)


if __name__ == "__main__":
    main(*([tuple(map(float, sys.argv[1:]))] if sys.argv[1:] else []))
