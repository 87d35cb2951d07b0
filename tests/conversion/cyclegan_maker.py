"""A voice of CycleGAN for tests."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from vc_core.audio import Audio
from vc_core.models.gan.cyclegan import Generator
from vc_core.signal.world_codes import CODE_DIMENSIONS, compute_log_power
from vc_core.voices.library import Voice, VoiceCard, hash_files, write_card
from vc_core.voices.speaker_model import MODEL_FILE, SpeakerModel
from vc_core.voices.speaker_statistics import analyse_recording, compute_statistics


def make_cyclegan_voice(folder: Path, spoken: Audio, name: str = "Test") -> Voice:
    """As training leaves it after no step: it moves averages, here to a voice that is darker and an octave higher."""
    features = analyse_recording(spoken)
    source = compute_statistics([features])
    shift = np.zeros(CODE_DIMENSIONS)
    shift[1] = 1.5
    level = float(compute_log_power(features.codes + shift).mean())
    target = replace(source, mean=source.mean + shift, pitch=source.pitch + np.log(2), level=level)
    torch.manual_seed(0)
    model = SpeakerModel(source, target, Generator(CODE_DIMENSIONS, width=1 / 32).eval())
    save_file(model.tensors(), folder / MODEL_FILE)
    middle = float(np.exp(target.pitch))
    card = VoiceCard(
        name, "cyclegan", 24_000, "MIT", "synthetic", "A test.", hash_files(folder), (0.8 * middle, 1.25 * middle)
    )
    write_card(folder, card)
    return Voice(card, folder)
