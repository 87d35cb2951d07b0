"""The instant engine on a speaker and on sentences that no training has heard.

    python bench/instant.py voices|new|start|gan|sweep|memory ...

It needs Debian's flite. The speaker is its voice rms, and nothing was trained or tuned on it.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from measure import ROOT, cost_of, machine

sys.path.insert(0, str(ROOT))

from instant_probe import spectral_distance, told_apart
from instant_recogniser import train_recogniser

from starters.instant.corpus import say_with_flite
from starters.instant.evaluate import OPTIONS, UNHEARD, held_note, loudest_difference_db, measure
from starters.instant.measures import distortion_db
from starters.instant.recordings import prepare_voice, say
from starters.instant.sentences import EVALUATION
from starters.instant.train_voices import RECORDED_SECONDS, STARTERS, rate_of, save_voice
from vc_core.audio import Audio
from vc_core.conversion import STARTER_VOICES, ConversionOptions, load_converter
from vc_core.instant_weights import START_FILE, load_decoder, load_units
from vc_core.models.ddsp import Decoder
from vc_core.training.instant import InstantTrainer
from vc_core.training.instant_dataset import Dataset
from vc_core.training.instant_settings import InstantSettings
from vc_core.voices import Voice, VoiceLibrary, read_card

KEPT = Path(tempfile.gettempdir()) / "instant-bench"
NEW_VOICE = "awb"
"""New to the start of the decoders; the encoder knows him."""
NEW_SECONDS = 50.0
"""Of a minute: the rest of the wait is for preparing."""
GAN_VOICE = "slt"
AS_IT_IS = ConversionOptions(automatic_key="off")


def voices() -> None:
    """Any singer to a starter voice."""
    recogniser = train_recogniser(KEPT / "recogniser.pt")
    columns = "unconverted converted own_decoder f0_corr. voicing_off work/second phones_source phones_made levels_dB"
    table("to", columns.split())
    library = VoiceLibrary(STARTER_VOICES)
    for starter in STARTERS:
        converter = load_converter(library.find(starter.name))
        pairs = [(say(UNHEARD, text), say(starter.singer.spoken_by, text)) for text in EVALUATION]
        converter.convert(pairs[0][0])  # the first time is slower
        rows = [list(vars(measure(converter, *pair)).values()) for pair in pairs]
        recognised = []
        for (source, _), text in zip(pairs, EVALUATION, strict=True):
            truth = say_with_flite(text, UNHEARD)
            recognised.append(
                [recogniser.share_right(one, truth) for one in (source, converter.convert(source, OPTIONS))]
            )
        line = [*np.mean(rows, 0), *np.mean(recognised, 0), loudest_difference_db(converter, *pairs[0])]
        table(starter.name, line)


def new() -> None:
    """A minute of a new voice, and less than a minute of training on this machine, threads as they are."""
    torch.set_num_threads(2)
    began = time.monotonic()
    trainer = InstantTrainer(minute_of(NEW_VOICE), InstantSettings(), load_decoder())
    prepared = time.monotonic() - began
    while trainer.steps_done < trainer.settings.steps and time.monotonic() - began < NEW_SECONDS:
        trainer.step()
    spent = time.monotonic() - began
    table("voice", ["steps", "prepared in s", "done in s", f"{UNHEARD} to it, dB"])
    table(NEW_VOICE, [trainer.steps_done, prepared, spent, converted_db(trainer, NEW_VOICE)])


def start(paths: Sequence[Path] = (START_FILE,)) -> None:
    """How far few steps lead from each start, and from none."""
    table("from", ["steps", "distance held out", f"{UNHEARD} to it, dB"])
    dataset = minute_of(NEW_VOICE)
    torch.manual_seed(0)
    begun: dict[str, Callable[[], Decoder]] = {path.stem: lambda path=path: load_decoder(path) for path in paths}
    for name, begin in (begun | {"random": Decoder}).items():
        for steps in (50, 500):
            trainer = InstantTrainer(dataset, InstantSettings(steps=steps), begin())
            for _ in range(steps):
                trainer.step()
            table(name, [steps, trainer.score(), converted_db(trainer, NEW_VOICE)])


def gan(steps: int = 400) -> None:
    """The same steps of the same recordings, the last half with judges or without."""
    columns = ["spectral, dB", "told apart", "own decoder, dB", f"from {UNHEARD}, dB", "s for a step"]
    table("judged", columns)
    dataset = minute_of(GAN_VOICE)
    truths = [say(GAN_VOICE, text) for text in EVALUATION]
    for judged in (0, steps // 2):
        trainer = InstantTrainer(dataset, InstantSettings(steps=steps, judged_steps=judged), load_decoder())
        began = time.process_time()
        for _ in range(steps):
            trainer.step()
        seconds = (time.process_time() - began) / steps
        again = again_by(trainer, truths, AS_IT_IS)
        pairs = list(zip(again, truths, strict=True))
        distances = [np.mean([measured(*pair) for pair in pairs]) for measured in (spectral_distance, distortion_db)]
        line = [distances[0], told_apart(truths, again), distances[1], converted_db(trainer, GAN_VOICE), seconds]
        table(f"{judged} of {steps}", line)


def sweep() -> None:
    """A held vowel that rises over two octaves."""
    table("voice", ["in tune", "clicks"])
    for voice in VoiceLibrary(STARTER_VOICES).list():
        table(voice.name, held_note(load_converter(voice), 110.0))


def memory() -> None:
    """Of a whole process, for songs of different lengths."""
    table("minutes", ["peak, MB", "s"])
    for minutes in (1, 4, 16):
        cost = cost_of(CONVERTING, str(minutes))
        table(str(minutes), [cost.peak_megabytes, cost.seconds])


CONVERTING = """
import sys, numpy as np, torch
torch.set_num_threads(1)
from vc_core.audio import Audio
from vc_core.conversion import STARTER_VOICES, load_converter
from vc_core.reading import read_audio
from vc_core.voices import VoiceLibrary
line = read_audio("examples/sung_line.flac").mono()
song = Audio(np.tile(line.samples, round(60 * float(sys.argv[1]) / line.seconds)), line.sample_rate)
load_converter(VoiceLibrary(STARTER_VOICES).list()[0]).convert(song)
"""


def minute_of(voice: str) -> Dataset:
    recordings = prepare_voice(voice, RECORDED_SECONDS, load_units(), 77, rate_of(voice))
    return Dataset(recordings[:-1], recordings[-1], rate_of(voice))


def again_by(trainer: InstantTrainer, sources: Sequence[Audio], options: ConversionOptions) -> list[Audio]:
    """Sung by the voice as it is now."""
    with tempfile.TemporaryDirectory() as name:
        save_voice(trainer, Path(name), "Tested", "Made for the bench.")
        converter = load_converter(Voice(read_card(Path(name)), Path(name)))
        return [converter.convert(source, options) for source in sources]


def converted_db(trainer: InstantTrainer, voice: str) -> float:
    sources = [say(UNHEARD, text) for text in EVALUATION]
    made = again_by(trainer, sources, OPTIONS)
    return float(np.mean([distortion_db(one, say(voice, text)) for one, text in zip(made, EVALUATION, strict=True)]))


def table(head: str, cells: Sequence[object]) -> None:
    shown = (f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells)
    print(f"{head:12}" + "".join(f"{cell:>18}" for cell in shown), flush=True)


PARTS: dict[str, Callable[[], None]] = {
    "voices": voices, "new": new, "start": start, "gan": gan, "sweep": sweep, "memory": memory,
}  # fmt: skip

if __name__ == "__main__":
    torch.set_num_threads(1)
    KEPT.mkdir(exist_ok=True)
    print(machine())
    for part in sys.argv[1:] or PARTS:
        print(f"\n{PARTS[part].__doc__}")
        PARTS[part]()
