"""RVC voice conversion: ContentVec features, moved towards the voice's index, and F0 go through its VITS network."""

from vc_core.checkpoints.weights import load_tensors
from vc_core.conversion.analysis import SongAnalysis
from vc_core.conversion.base import ConversionOptions, Converter, ConvertWindow, compute_key_shift_semitones
from vc_core.conversion.precision import choose_dtype
from vc_core.conversion.rvc.features import LEAST_FIT, encode_content, measure_index_fit, read_loud_excerpt
from vc_core.conversion.rvc.files import WEIGHTS_FILE
from vc_core.conversion.rvc.network import RvcVoice, build_network
from vc_core.conversion.rvc.options import RvcOptions
from vc_core.conversion.rvc.retrieval import load_retrieval
from vc_core.conversion.rvc.shape import Stated, infer_model
from vc_core.conversion.rvc.synthesis import SongSynthesiser
from vc_core.errors import Message
from vc_core.files.reading import AudioFile
from vc_core.models.weight_norm import fold_weight_norm
from vc_core.signal.windows import Windows
from vc_core.voices.content_vec import fetch_content_vec
from vc_core.voices.library import Voice

WINDOW_SECONDS, CONTEXT_SECONDS, FADE_SECONDS = 10.0, 1.0, 0.04
"""Whole frames of the content encoder (0.02 s), so that it sees every window in the same grid."""


class RvcConverter(Converter):
    shortest_seconds = 0.3

    def __init__(self, voice: Voice, loaded: RvcVoice) -> None:
        self.voice, self.loaded = voice, loaded
        self.windows = Windows(WINDOW_SECONDS, CONTEXT_SECONDS, FADE_SECONDS)

    def check_song(self, song: AudioFile, analysis: SongAnalysis, options: ConversionOptions) -> list[str]:
        index, own, device = self.loaded.index, options.own or RvcOptions(), self.loaded.device
        if index is None or not own.retrieval_ratio or not analysis.power.any():
            return []
        width, dtype = self.loaded.model.shape.content_width, choose_dtype(own.precision, device)
        content = encode_content(read_loud_excerpt(song, analysis), width, device, dtype)
        if measure_index_fit(index, content) >= LEAST_FIT:
            return []
        doubt = Message(
            "The index of “{voice}” does not fit: its features are unlike this song's. Try the retrieval ratio 0.",
            voice=self.voice.name,
        )
        return [str(doubt)]

    def begin_song(self, song: SongAnalysis, options: ConversionOptions) -> ConvertWindow:
        shift_semitones = compute_key_shift_semitones(song.pitch, self.voice, options)
        longest_seconds = self.windows.seconds + 2 * self.windows.context_seconds
        return SongSynthesiser(self.loaded, song, options, shift_semitones, longest_seconds)


def load_rvc(voice: Voice, device: str = "cpu") -> RvcConverter:
    fetch_content_vec()
    tensors = fold_weight_norm(load_tensors(voice.folder / WEIGHTS_FILE))
    # Without pitch, only the card tells 32 from 48 kHz.
    model = infer_model(tensors, WEIGHTS_FILE, Stated(sample_rate=voice.card.sample_rate))
    network = build_network(model, tensors, WEIGHTS_FILE).to(device)
    return RvcConverter(
        voice, RvcVoice(network, model, load_retrieval(voice.folder, model.shape.content_width, device))
    )
