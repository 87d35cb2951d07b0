"""Speaker encoder: a few seconds of a voice to the embedding that conditions the decoder (zero-shot conversion).

Trained together with the decoder, so its embedding holds what the decoder needs to sound like the speaker. Statistics
over time (mean and deviation) forget what was said (after D. Snyder et al., “X-vectors”, ICASSP 2018).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vc_core.models.content_encoder import MELS
from vc_core.models.ddsp import SPEAKER_EMBEDDING_SIZE

WIDTH, DILATIONS = 192, (1, 2, 4, 8)


class SpeakerEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(MELS, WIDTH, 5, padding=2)
        self.blocks = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 3, padding=d, dilation=d) for d in DILATIONS)
        self.last = nn.Linear(2 * WIDTH, SPEAKER_EMBEDDING_SIZE)

    def forward(self, log_mel: Tensor) -> Tensor:
        """The content encoder's log mel, (batch, frames, MELS), to (batch, SPEAKER_EMBEDDING_SIZE)."""
        x = self.first(log_mel.transpose(1, 2))
        for block in self.blocks:
            x = x + block(functional.gelu(functional.layer_norm(x.transpose(1, 2), x.shape[1:2]).transpose(1, 2)))
        statistics = torch.cat([x.mean(2), x.std(2)], 1)
        embedding: Tensor = self.last(functional.gelu(statistics))
        return embedding
