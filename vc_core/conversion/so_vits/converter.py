"""so-vits-svc voice conversion: ContentVec features and the target F0 go through the voice's VITS network.

Each window is encoded as a whole, and decoded in short chunks with the decoder's receptive field as context: the same
output in a fraction of the time and memory. Silence is not decoded.
"""

from vc_core.checkpoints.weights import load_tensors
from vc_core.conversion.analysis import SongAnalysis
from vc_core.conversion.base import ConversionOptions, Converter, ConvertWindow, compute_key_shift_semitones
from vc_core.conversion.so_vits.config import infer_shape, read_config
from vc_core.conversion.so_vits.diffusion import load_diffusion
from vc_core.conversion.so_vits.loaded_voice import SoVitsVoice
from vc_core.conversion.so_vits.network import build_network
from vc_core.conversion.so_vits.retrieval import load_retrieval
from vc_core.conversion.so_vits.synthesis import SongSynthesiser
from vc_core.models.weight_norm import fold_weight_norm
from vc_core.progress import Progress, silent
from vc_core.signal.windows import Windows
from vc_core.voices.content_vec import fetch_content_vec
from vc_core.voices.library import Voice
from vc_core.voices.so_vits_files import CONFIG_FILE, WEIGHTS_FILE

WINDOW_SECONDS, CONTEXT_SECONDS, FADE_SECONDS = 10.0, 1.0, 0.04


class SoVitsConverter(Converter):
    shortest_seconds = 0.3

    def __init__(self, voice: Voice, loaded: SoVitsVoice) -> None:
        self.voice, self.loaded = voice, loaded
        # Whole hops, so that windows start at frames of the network.
        hop_seconds = loaded.config.hop / loaded.config.sample_rate
        own, context = (max(1, round(seconds / hop_seconds)) for seconds in (WINDOW_SECONDS, CONTEXT_SECONDS))
        self.windows = Windows(own * hop_seconds, context * hop_seconds, FADE_SECONDS)
        self._window_hops = own + 2 * context

    def begin_song(self, song: SongAnalysis, options: ConversionOptions) -> ConvertWindow:
        shift_semitones = compute_key_shift_semitones(song.pitch, self.voice, options)
        return SongSynthesiser(self.loaded, song, options, shift_semitones, self._window_hops)


def prepare_so_vits(*, progress: Progress = silent) -> None:
    """Download ContentVec, which every so-vits voice needs, unless it is cached."""
    fetch_content_vec(progress=progress)


def load_so_vits(voice: Voice, device: str = "cpu") -> SoVitsConverter:
    prepare_so_vits()
    config = read_config(voice.folder / CONFIG_FILE)
    tensors = fold_weight_norm(load_tensors(voice.folder / WEIGHTS_FILE))
    shape = infer_shape(tensors, config, WEIGHTS_FILE)
    loaded = SoVitsVoice(
        network=build_network(shape, tensors, WEIGHTS_FILE).to(device),
        config=config,
        retrieval=load_retrieval(voice.folder, shape.content_width, device),
        speaker=str(voice.card.settings.get("speaker", next(iter(config.speakers)))),
        diffusion=load_diffusion(voice.folder, config, shape.content_width, device),
    )
    return SoVitsConverter(voice, loaded)
