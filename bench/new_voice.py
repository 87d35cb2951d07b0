"""New voices of the quality bench: a minute of a speaker, trained, and ten seconds of one, without training.

    python bench/new_voice.py FOLDER [SPEAKER…]

FOLDER gets `trained` and `zero_shot`, each a folder of voices for `bench/quality.py --library`. The speakers are held
out of all training of ours, or (awb) of the decoder's.
"""

import sys
import time
from pathlib import Path

import numpy as np
from measure import ROOT

sys.path.insert(0, str(ROOT))

from judges import Judges
from quality import Recordings

from starters.speech.english import choose_english
from starters.speech.held_out import HARVARD_SENTENCES
from vc_core.audio import join_blocks
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.signal.pitch import estimate_pitch, measure_pitch_range
from vc_core.training.base import Clips
from vc_core.training.instant.settings import InstantSettings
from vc_core.training.instant.trainer import prepare_instant
from vc_core.voices.instant_weights import DECODER_FILE, write_zero_shot
from vc_core.voices.library import VoiceCard, hash_files, write_card
from vc_core.voices.prepared_recording import LOW_SAMPLE_RATE
from vc_core.voices.zero_shot import fit_decoder

SPEAKERS = ("am_onyx", "bf_alice", "awb")
SECONDS, REFERENCE_SECONDS = 60.0, 10.0


def record(speaker: str, folder: Path) -> list[Path]:
    """A minute of sentences, none of which is one of the bench's."""
    folder.mkdir(parents=True, exist_ok=True)
    recordings, generator = Recordings(folder.parents[1], Judges()), np.random.default_rng(5)
    seconds, paths = 0.0, []
    while seconds < SECONDS:
        text = choose_english(generator)
        if text in HARVARD_SENTENCES:
            continue
        audio = recordings.read(speaker, text)
        paths.append(folder / f"{len(paths):03}.wav")
        write_audio(paths[-1], audio)
        seconds += audio.seconds
    return paths


def train(speaker: str, paths: list[Path], folder: Path) -> None:
    settings, began = InstantSettings(), time.monotonic()
    trainer = prepare_instant(Clips({"": paths}), settings, folder.parent / "cache")
    prepared = time.monotonic()
    for _ in range(settings.steps):
        trainer.step()
    folder.mkdir(parents=True, exist_ok=True)
    product = trainer.export(folder)
    write(speaker, folder, product.sample_rate, product.pitch_range_hz)
    print(f"{speaker}: {prepared - began:.0f} s to prepare, {time.monotonic() - prepared:.0f} s to train", flush=True)


def embed(speaker: str, paths: list[Path], folder: Path) -> None:
    audio = join_blocks([read_audio(path) for path in paths])
    audio = audio.slice(0, round(REFERENCE_SECONDS * audio.sample_rate))
    folder.mkdir(parents=True, exist_ok=True)
    write_zero_shot(fit_decoder(audio), folder / DECODER_FILE)
    write(speaker, folder, LOW_SAMPLE_RATE, measure_pitch_range(estimate_pitch(audio)))


def write(name: str, folder: Path, sample_rate: int, pitch_range_hz: tuple[float, float] | None) -> None:
    files = hash_files(folder)
    write_card(folder, VoiceCard(name, "instant", sample_rate, "MIT", "synthetic", "bench", files, pitch_range_hz))


def main(folder: Path, speakers: tuple[str, ...]) -> None:
    for speaker in speakers:
        paths = record(speaker, folder / "recordings" / speaker)
        embed(speaker, paths, folder / "zero_shot" / speaker)
        train(speaker, paths, folder / "trained" / speaker)


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(sys.argv[2:]) or SPEAKERS)
