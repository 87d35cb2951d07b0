"""Starts of the instant training: decoders that are trained further on several voices, for new voices to begin with."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.files.provenance import compute_sha256
from vc_core.models.ddsp import Decoder
from vc_core.progress import Progress, silent, subprogress
from vc_core.training.instant.dataset import read_clips, split_into_segments
from vc_core.training.instant.meta import MetaSettings, TrainingVoice, pretrain, reptile
from vc_core.training.instant.settings import META_START_FILE, START_SUFFIX, STARTS
from vc_core.training.recordings.gathering import gather_recordings
from vc_core.training.run.atomic_files import write_atomically
from vc_core.voices.instant_weights import (
    BASE_DECODER_FILE,
    CONTENT_ENCODER_FILE,
    SPEAKER_ENCODER_FILE,
    load_content_encoder,
    load_decoder,
    serialise_weights,
)
from vc_core.voices.prepared_recording import LOW_SAMPLE_RATE, PreparedRecording, prepare_recording
from vc_core.voices.zero_shot import embed_speaker

START_FILES = {"plain": BASE_DECODER_FILE, "meta": META_START_FILE}
TRAININGS = {"plain": pretrain, "meta": reptile}
FEWEST_VOICES = 2
SECONDS_OF_A_VOICE = 120.0
AUGMENTATIONS = 3
"""Fewer than of a voice that is trained alone: there are several voices to prepare."""
ENCODERS = "encoders"
"""The metadata that tells which encoders a start belongs to."""


def load_start(start: str) -> Decoder:
    """`start` is one of `STARTS`, or the path of a file from `make_start`."""
    path = START_FILES.get(start, Path(start))
    decoder = load_decoder(path)
    if path != BASE_DECODER_FILE and _read_encoders(path) != _hash_encoders():
        raise UserError(
            "The start “{file}” belongs to another version of the instant engine. Make it anew with `vc train start`.",
            file=path.name,
        )
    return decoder


def embed_recordings(recordings: Sequence[PreparedRecording]) -> Tensor:
    """The speaker embedding that a training begins with, shape (SPEAKER_EMBEDDING_SIZE,)."""
    sound = torch.cat([recording.sound for recording in recordings])[None].numpy()
    return embed_speaker(Audio(sound, recordings[0].sample_rate))


def make_start(
    folders: Sequence[Path], path: Path, method: str, settings: MetaSettings, *, progress: Progress = silent
) -> None:
    """Train the base decoder further on several voices, each in a folder of its own, and write it to `path`."""
    if method not in TRAININGS:
        raise UserError("A start is made by one of these: {known}.", known=", ".join(STARTS))
    if len({folder.resolve() for folder in folders}) < FEWEST_VOICES or not all(map(Path.is_dir, folders)):
        raise UserError(
            "A start needs the recordings of at least {fewest} voices, each in a folder of its own.",
            fewest=FEWEST_VOICES,
        )
    if path.suffix != START_SUFFIX:
        raise UserError("The file of a start ends in {suffix}.", suffix=START_SUFFIX)
    if settings.steps < 1:
        raise UserError("Train for at least one step.")
    preparing, training = subprogress(progress, 0.0, 0.5), subprogress(progress, 0.5, 1.0)
    shares = [subprogress(preparing, at / len(folders), (at + 1) / len(folders)) for at in range(len(folders))]
    voices = [_prepare_voice(folder, settings.seed, share) for folder, share in zip(folders, shares, strict=True)]
    decoder = TRAININGS[method](load_decoder(), voices, settings, progress=training)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, serialise_weights(decoder, {ENCODERS: _hash_encoders()}))


def _prepare_voice(folder: Path, seed: int, progress: Progress) -> TrainingVoice:
    paths = [recording.path for recording in gather_recordings([folder], folder).recordings]
    segments = [one for clip in read_clips(paths, progress, SECONDS_OF_A_VOICE) for one in split_into_segments(clip)]
    generator, encoder, prepared = np.random.default_rng([13, seed]), load_content_encoder(), []
    for done, segment in enumerate(segments):
        progress(0.2 + 0.8 * done / len(segments), folder.name)
        prepared.append(prepare_recording(segment, encoder, generator, LOW_SAMPLE_RATE, AUGMENTATIONS))
    if not any((recording.hertz > 0).any() for recording in prepared):
        raise UserError("No voice was heard in the recordings of “{folder}”.", folder=folder.name)
    return TrainingVoice(prepared, embed_recordings(prepared))


def _hash_encoders() -> str:
    return " ".join(compute_sha256(path) for path in (CONTENT_ENCODER_FILE, SPEAKER_ENCODER_FILE))


def _read_encoders(path: Path) -> str:
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        return str((file.metadata() or {}).get(ENCODERS, ""))
