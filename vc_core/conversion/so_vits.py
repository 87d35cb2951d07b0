"""So-vits voices: ContentVec says what is sung, the voice's network sings it at the pitch that is wanted.

Each window is heard and encoded as a whole, and decoded in short pieces with as much context as the decoder hears:
the same sound, in a fraction of the time and memory. What is silent is not decoded.
"""

from vc_core.content_vec import fetch_content_vec
from vc_core.conversion.base import ConversionOptions, Converter, Sing, key_shift_semitones
from vc_core.conversion.listening import Heard
from vc_core.conversion.so_vits_config import read_config, shape_of
from vc_core.conversion.so_vits_diffusion import load_diffusion
from vc_core.conversion.so_vits_memory import load_memory
from vc_core.conversion.so_vits_network import build_network
from vc_core.conversion.so_vits_parts import SoVitsParts
from vc_core.conversion.so_vits_singing import Singing
from vc_core.device import choose_device
from vc_core.models.nsf_hifigan import with_norms_folded
from vc_core.progress import Progress, silent
from vc_core.slicing import Windows
from vc_core.voices import Voice
from vc_core.weights import load_tensors

WEIGHTS_FILE, CONFIG_FILE = "so_vits.safetensors", "config.json"
WINDOW_SECONDS, CONTEXT_SECONDS, FADE_SECONDS = 10.0, 1.0, 0.04


class SoVitsConverter(Converter):
    shortest_seconds = 0.3

    def __init__(self, voice: Voice, parts: SoVitsParts) -> None:
        self.voice, self.parts = voice, parts
        # Whole hops, so that windows meet where the network's own steps do.
        hop_seconds = parts.config.hop / parts.config.sample_rate
        own, context = (max(1, round(seconds / hop_seconds)) for seconds in (WINDOW_SECONDS, CONTEXT_SECONDS))
        self.windows = Windows(own * hop_seconds, context * hop_seconds, FADE_SECONDS)
        self._window_hops = own + 2 * context

    def begin(self, song: Heard, options: ConversionOptions) -> Sing:
        shift_semitones = key_shift_semitones(song.pitch, self.voice, options)
        return Singing(self.parts, song, options, shift_semitones, self._window_hops).sing


def prepare_so_vits(*, progress: Progress = silent) -> None:
    """Download what every so-vits voice hears through, if it isn't here yet."""
    fetch_content_vec(progress=progress)


def load_so_vits(voice: Voice) -> SoVitsConverter:
    prepare_so_vits()
    config = read_config(voice.folder / CONFIG_FILE)
    tensors = with_norms_folded(load_tensors(voice.folder / WEIGHTS_FILE))
    shape = shape_of(tensors, config, WEIGHTS_FILE)
    device = choose_device()
    parts = SoVitsParts(
        network=build_network(shape, tensors, WEIGHTS_FILE).to(device),
        config=config,
        memory=load_memory(voice.folder, shape.heard_width, device),
        speaker=str(voice.card.settings.get("speaker", next(iter(config.speakers)))),
        diffusion=load_diffusion(voice.folder, config, shape.heard_width, device),
    )
    return SoVitsConverter(voice, parts)
