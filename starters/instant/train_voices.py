"""Train the shared start of all voices, and from it the starter voices, on one thread.

    python -m starters.instant.train_voices start|voices|all [START] [VOICES] [SHARE]

The start is learned from many synthetic voices; each starter voice then from minutes of its own. SHARE of the
speech and of the steps is taken: 0.1 shows in some minutes that everything runs.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from starters.instant.parallel import Singer, prepare_singer
from starters.instant.recordings import prepare_voice
from vc_core.conversion import STARTER_VOICES
from vc_core.instant_weights import START_FILE, load_decoder, load_units, write_decoder
from vc_core.models import units
from vc_core.models.ddsp import Decoder
from vc_core.training import meta
from vc_core.training.base import Product
from vc_core.training.instant import InstantTrainer, train_at_once
from vc_core.training.instant_recordings import LOW_RATE, Prepared
from vc_core.training.instant_settings import InstantSettings
from vc_core.voices import VoiceCard, hashes_of, write_card

METADATA = {"origin": "Trained by starters/instant on speech of espeak-ng and flite.", "licence": "MIT"}
START_VOICES = (
    "slt", "kal16", "en-us+f1", "en-us+f2", "en-gb-x-rp+f5", "en-us+m1", "en-us+m2", "en-us+m4", "en-us+m6",
    "en-us+m8", "en-us+klatt", "en-us+klatt4", "en-us+Alicia", "en-us+Andy", "en-us+belinda", "en-us+Denis",
    "en-gb-x-rp+Diogo", "en-us+Gene", "en-us+Jacky", "en-us+Lee", "en-us+Mike", "en-us+Reed", "en-us+Storm",
    "en-us+anika", "en-us+aunty", "en-us+boris", "en-us+david", "en-us+edward", "en-us+grandma", "en-us+linda",
    "en-us+steph", "en-us+victor",
)  # fmt: skip
"""The voice awb is not among them, so that it is truly new to the start."""
START_SECONDS, RECORDED_SECONDS = 15.0, 60.0
"""Of each voice of espeak-ng, and of flite."""
START_HIGHEST_HZ = 10_000.0
START_SETTINGS = meta.MetaSettings(steps=1_000)
VOICE_SETTINGS = InstantSettings(steps=500)
VOICE_SECONDS = 90.0
FLITE = (
    "Speech of the synthesiser flite, voice {}, which Carnegie Mellon University built from its CMU ARCTIC recordings "
    "of a speaker and published for any use."
)
SLT, AWB = map(FLITE.format, ("slt (female, US English)", "awb (male, Scottish English)"))
SMALLER = "A smaller throat and a higher pitch make it another voice."


@dataclass(frozen=True)
class Starter:
    name: str
    singer: Singer
    origin: str


STARTERS = (
    Starter("Clara", Singer("slt", (112.0, 265.0)), SLT),
    Starter("Annie", Singer("slt*1.14", (128.0, 300.0)), f"{SLT} {SMALLER}"),
    Starter("Angus", Singer("awb", (80.0, 190.0)), AWB),
    Starter("Max", Singer("awb*1.08", (90.0, 205.0)), f"{AWB} {SMALLER}"),
)


def prepare_start_voices(share: float = 1.0) -> list[list[Prepared]]:
    return [
        prepare_voice(name, share * (START_SECONDS if "+" in name else RECORDED_SECONDS), load_units(), seed)
        for seed, name in enumerate(START_VOICES)
    ]


def show(fraction: float, message: str) -> None:
    print(f"{fraction:6.1%} {message}", flush=True)


def train_start(speakers: list[list[Prepared]], settings: meta.MetaSettings = START_SETTINGS) -> Decoder:
    torch.manual_seed(settings.seed)
    decoder = meta.pretrain(Decoder(), speakers, settings, progress=show)
    return meta.carried_on(decoder, START_HIGHEST_HZ)


def learn_voice(
    singer: Singer, seconds: float, seed: int, start: Path = START_FILE, settings: InstantSettings = VOICE_SETTINGS
) -> InstantTrainer:
    recordings = prepare_singer(singer, seconds, load_units(), seed, rate_of(singer.spoken_by))
    return train_at_once(recordings, settings, load_decoder(start))


def rate_of(spoken_by: str) -> int:
    """That of what the synthesiser gives, or the next one."""
    return LOW_RATE if set("+*") & set(spoken_by) else units.RATE


def save_voice(trainer: InstantTrainer, folder: Path, name: str, origin: str) -> Product:
    folder.mkdir(parents=True, exist_ok=True)
    product = trainer.export(folder)
    card = VoiceCard(
        name=name,
        engine=product.engine,
        sample_rate=product.sample_rate,
        licence="MIT",
        consent="permission",
        origin=origin,
        files=hashes_of(folder),
        pitch_range_hz=product.pitch_range_hz,
        settings=product.settings,
    )
    write_card(folder, card)
    return product


def train_starter(starter: Starter, number: int, start: Path, voices: Path, share: float = 1.0) -> None:
    settings = replace(VOICE_SETTINGS, steps=round(share * VOICE_SETTINGS.steps))
    trainer = learn_voice(starter.singer, share * VOICE_SECONDS, 100 + number, start, settings)
    highest_khz = trainer.highest_hz / 980
    origin = f"{starter.origin} It has sound up to {highest_khz:.0f} kHz."
    save_voice(trainer, voices / starter.name.lower(), starter.name, origin)


def main(what: str, start: Path = START_FILE, voices: Path = STARTER_VOICES, share: float = 1.0) -> None:
    torch.set_num_threads(1)
    if what in ("start", "all"):
        settings = replace(START_SETTINGS, steps=round(share * START_SETTINGS.steps))
        write_decoder(train_start(prepare_start_voices(share), settings), start, METADATA)
    if what in ("voices", "all"):
        for number, starter in enumerate(STARTERS):
            train_starter(starter, number, start, voices, share)
            print(starter.name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:4]), *map(float, sys.argv[4:]))
