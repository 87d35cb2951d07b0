"""Fine-tune the starter voices from the base decoder, on one thread.

    python -m starters.instant.train_voices RECORDINGS [VOICES] [NAMES…]

RECORDINGS is the folder that starters.instant.starter_voices filled.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from starters.instant.starter_voices import STARTER_VOICES, StarterVoice
from vc_core.conversion import STARTER_VOICES as VOICES_FOLDER
from vc_core.files.reading import read_audio
from vc_core.training.instant.dataset import Dataset
from vc_core.training.instant.settings import InstantSettings
from vc_core.training.instant.trainer import InstantTrainer, begin_decoder
from vc_core.voices.instant_weights import load_content_encoder
from vc_core.voices.library import VoiceCard, hash_files, write_card
from vc_core.voices.prepared_recording import LOW_SAMPLE_RATE, PreparedRecording, prepare_recording

SETTINGS = InstantSettings(steps=400, learning_rate=2e-3, excerpt_seconds=1.5, start_share=0.0)
LICENCE = "Apache-2.0"


def prepare_voice(folder: Path) -> list[PreparedRecording]:
    generator, encoder = np.random.default_rng(12), load_content_encoder()
    paths = sorted(folder.glob("*.flac"))
    return [prepare_recording(read_audio(path), encoder, generator, LOW_SAMPLE_RATE) for path in paths]


def train_starter(voice: StarterVoice, recordings: Path, voices: Path) -> None:
    prepared = prepare_voice(recordings / voice.folder_name)
    dataset = Dataset(prepared[:-1], prepared[-1], LOW_SAMPLE_RATE)
    trainer = InstantTrainer(dataset, SETTINGS, begin_decoder(dataset))
    for _ in range(SETTINGS.steps):
        losses = trainer.step()
    print(voice.name, losses, f"held out {trainer.score_held_out():.3f}", flush=True)
    save_voice(trainer, voices / voice.folder_name, voice)


def save_voice(trainer: InstantTrainer, folder: Path, voice: StarterVoice) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    product = trainer.export(folder)
    card = VoiceCard(
        name=voice.name,
        engine=product.engine,
        sample_rate=product.sample_rate,
        licence=LICENCE,
        consent="synthetic",
        origin=voice.origin,
        files=hash_files(folder),
        pitch_range_hz=product.pitch_range_hz,
        settings=product.settings,
    )
    write_card(folder, card)


def main(recordings: Path, voices: Path = VOICES_FOLDER, *names: str) -> None:
    torch.set_num_threads(1)
    for voice in STARTER_VOICES:
        if not names or voice.name in names:
            train_starter(voice, recordings, voices)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]), *sys.argv[3:])
