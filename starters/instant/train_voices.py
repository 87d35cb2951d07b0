"""Train the shared start of all voices, and from it the starter voices, on one thread.

    python -m starters.instant.train_voices start|voices|all [ENCODER] [START] [VOICES]

The start is learned from many synthetic voices; each starter voice then from minutes of its own.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from safetensors.torch import save as as_safetensors
from torch import nn

from starters.instant.learning import Schedule, learn
from starters.instant.recordings import RATE, Prepared, prepare_voice
from starters.instant.train_units import WEIGHTS as ENCODER
from vc_core.conversion import STARTER_VOICES
from vc_core.conversion.instant import DECODER_FILE
from vc_core.models import units
from vc_core.models.ddsp import CODE, Decoder
from vc_core.models.units import Units
from vc_core.voices import VoiceCard, hashes_of, write_card
from vc_core.weights import fill

START = ENCODER.with_name("start.safetensors")
METADATA = {"origin": "Trained by starters/instant on speech of espeak-ng and flite.", "licence": "MIT"}
START_VOICES = (
    "slt", "kal16", "en-us+f1", "en-us+f2", "en-gb-x-rp+f5", "en-us+m1", "en-us+m2", "en-us+m4", "en-us+m6",
    "en-us+m8", "en-us+klatt", "en-us+klatt4", "en-us+Alicia", "en-us+Andy", "en-us+belinda", "en-us+Denis",
    "en-gb-x-rp+Diogo", "en-us+Gene", "en-us+Jacky", "en-us+Lee", "en-us+Mike", "en-us+Reed", "en-us+Storm",
    "en-us+anika", "en-us+aunty", "en-us+boris", "en-us+david", "en-us+edward", "en-us+grandma", "en-us+linda",
    "en-us+steph", "en-us+victor",
)  # fmt: skip
"""Neither awb nor any starter of espeak-ng is among them, so that these are truly new to the start."""
START_SECONDS, RECORDED_SECONDS = 15.0, 60.0
"""Of each voice of espeak-ng, and of flite."""
START_SCHEDULE = Schedule(steps=1_000, rate=1.5e-3)
VOICE_SCHEDULE = Schedule(steps=300, rate=1e-3)
VOICE_SECONDS = 120.0
ESPEAK = "Speech of the formant synthesiser espeak-ng, variant {}, which is no real person's voice."
FLITE = (
    "Speech of the synthesiser flite, voice {}, which Carnegie Mellon University built from its CMU ARCTIC recordings "
    "of a speaker and published with them for any use."
)


@dataclass(frozen=True)
class Starter:
    name: str
    spoken_by: str
    origin: str

    @property
    def is_recorded(self) -> bool:
        """Whether somebody's recordings are behind it, however far."""
        return "+" not in self.spoken_by

    @property
    def rate(self) -> int:
        return units.RATE if self.is_recorded else RATE


STARTERS = (
    Starter("Clara", "slt", FLITE.format("slt (female, US English)")),
    Starter("Annie", "en-us+Annie", ESPEAK.format("Annie (female)")),
    Starter("Angus", "awb", FLITE.format("awb (male, Scottish English)")),
    Starter("Max", "en-us+max", ESPEAK.format("max (male)")),
)


def load_encoder(path: Path) -> Units:
    encoder = Units()
    fill(encoder, {name: value.float() for name, value in load_file(path).items()}, source=path.name)
    return encoder.eval().requires_grad_(False)


def load_start(path: Path) -> Decoder:
    decoder = Decoder()
    fill(decoder, {name: value.float() for name, value in load_file(path).items()}, source=path.name)
    return decoder


def save_decoder(decoder: Decoder, path: Path) -> None:
    """As half-precision numbers."""
    tensors = {name: value.half().contiguous() for name, value in decoder.state_dict().items()}
    path.write_bytes(as_safetensors(tensors, METADATA))


def train_start(encoder: Units, start: Path, schedule: Schedule = START_SCHEDULE) -> None:
    speakers = [
        prepare_voice(name, START_SECONDS if "+" in name else RECORDED_SECONDS, encoder, seed)
        for seed, name in enumerate(START_VOICES)
    ]
    codes = nn.Embedding(len(speakers), CODE)
    nn.init.normal_(codes.weight, std=0.3)
    save_decoder(learn(Decoder(), speakers, schedule, codes), start)


def train_voice(recordings: list[Prepared], start: Path, schedule: Schedule = VOICE_SCHEDULE) -> Decoder:
    return learn(load_start(start), [recordings], schedule)


def pitch_range_of(recordings: list[Prepared]) -> tuple[float, float]:
    hertz = torch.cat([recording.hertz for recording in recordings]).numpy()
    low, high = np.percentile(hertz[hertz > 0], (5, 95))
    return round(float(low), 1), round(float(high), 1)


def save_voice(decoder: Decoder, folder: Path, details: Mapping[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_decoder(decoder, folder / DECODER_FILE)
    card = VoiceCard(engine="instant", files=hashes_of(folder), **details)  # type: ignore[arg-type]
    write_card(folder, card)


def train_starter(starter: Starter, number: int, encoder: Units, start: Path, voices: Path) -> None:
    recordings = prepare_voice(starter.spoken_by, VOICE_SECONDS, encoder, 100 + number, starter.rate)
    highest = recordings[0].bandwidth_hz / 980
    details = {
        "name": starter.name,
        "sample_rate": starter.rate,
        "licence": "MIT",
        "consent": "permission" if starter.is_recorded else "synthetic",
        "origin": f"{starter.origin} It has sound up to {highest:.0f} kHz.",
        "pitch_range_hz": pitch_range_of(recordings),
    }
    save_voice(train_voice(recordings, start), voices / starter.name.lower(), details)


def main(what: str, encoder: Path = ENCODER, start: Path = START, voices: Path = STARTER_VOICES) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    loaded = load_encoder(encoder)
    if what in ("start", "all"):
        train_start(loaded, start)
    if what in ("voices", "all"):
        for number, starter in enumerate(STARTERS):
            train_starter(starter, number, loaded, start, voices)


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
