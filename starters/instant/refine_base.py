"""Refine the base decoder on conversions between the starter voices and to speakers between them, on one thread.

    python -m starters.instant.refine_base RECORDINGS BASE

RECORDINGS is the folder that starters.instant.starter_voices filled. BASE, the decoder of voices without a training, is
replaced.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from starters.instant.refine import Recordings, Refinement, RefineSettings, median_pitch_hz
from starters.instant.refine_voices import prepare_all, run
from starters.instant.train_decoder import METADATA
from vc_core.audio import Audio
from vc_core.models.ddsp import Decoder
from vc_core.training.instant.losses import Excerpts, draw_excerpts
from vc_core.voices.instant_weights import load_decoder, write_weights
from vc_core.voices.zero_shot import embed_speaker

EMBEDDINGS, EMBEDDED_SECONDS = 6, 10.0
"""Of each voice, from parts of its recordings, as long as a user's reference."""
BLENDED_SHARE = 0.5
"""Of the conversions, whose target lies between two voices: no recording of it is needed."""


class BaseRefinement(Refinement):
    def __init__(self, decoder: Decoder, voices: Sequence[Recordings], settings: RefineSettings) -> None:
        super().__init__(decoder, [], voices, settings)
        self._embeddings = torch.stack([embed_parts(voice) for voice in voices])  # (voices, EMBEDDINGS, size)
        self._log_pitch = np.log([median_pitch_hz(voice) for voice in voices])

    def draw_own(self) -> tuple[Excerpts, Tensor | None]:
        own = draw_excerpts(self._sources, self.settings.excerpts, self.settings.frames, self._generator)
        return own, self._choose_embeddings(own.speakers.numpy())

    def draw_sources(self) -> tuple[Excerpts, Tensor | None]:
        generator, count, voices = self._generator, self.settings.conversions, len(self._sources)
        speaker = int(generator.integers(voices))
        first, second = generator.integers(voices, size=(2, count))
        share = generator.uniform(0, 0.5, count) * (generator.random(count) < BLENDED_SHARE)
        log_pitch = (1 - share) * self._log_pitch[first] + share * self._log_pitch[second]
        ratios = torch.from_numpy(np.exp(log_pitch - self._log_pitch[speaker]).astype(np.float32))[:, None]
        weights = torch.from_numpy(share.astype(np.float32))[:, None]
        embeddings = torch.lerp(self._choose_embeddings(first), self._choose_embeddings(second), weights)
        return self.draw_transposed(self._sources[speaker], ratios), embeddings

    def _choose_embeddings(self, voices: np.ndarray) -> Tensor:
        return self._embeddings[voices, self._generator.integers(EMBEDDINGS, size=len(voices))]


def embed_parts(voice: Recordings) -> Tensor:
    """Speaker embeddings of random parts, (EMBEDDINGS, size)."""
    sound, sample_rate = torch.cat([recording.sound for recording in voice]), voice[0].sample_rate
    samples = min(round(EMBEDDED_SECONDS * sample_rate), len(sound))
    starts = np.random.default_rng(0).integers(len(sound) - samples + 1, size=EMBEDDINGS)
    parts = (Audio(sound[None, start : start + samples].numpy(), sample_rate) for start in starts)
    return torch.stack([embed_speaker(part) for part in parts])


def main(recordings: Path, base: Path) -> None:
    torch.set_num_threads(1)
    decoder = load_decoder(base).train()
    voices = list(prepare_all(recordings).values())
    run(BaseRefinement(decoder, voices, RefineSettings(steps=250)), "base")
    write_weights(decoder, base, METADATA)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
