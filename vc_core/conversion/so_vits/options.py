"""What a person can choose for so-vits voices, beside what every engine offers."""

from dataclasses import dataclass

from vc_core.conversion.precision import PRECISIONS, Precision
from vc_core.errors import Message, UserError
from vc_core.options import check_options, option, ratio_option


@dataclass(frozen=True, kw_only=True)
class SoVitsOptions:
    speaker: str = option("", Message("singer"), api="singer", word="so_vits_singer")
    """One of the voice's singers by name; empty for the one chosen when it was imported."""
    blend: tuple[tuple[str, float], ...] = ()
    """Singers and their shares; empty for the one speaker."""
    noise_scale: float = option(0.4, Message("noise scale"), word="so_vits_noise", lowest=0, highest=2, step=0.05)
    """More is livelier and rougher, less is plainer."""
    predicted_pitch: bool = option(False, Message("predicted pitch"), word="so_vits_pitch")
    """Let the voice predict the melody from the words. For speech only: it doesn't sing what was sung."""
    silence_db: float = option(-60.0, Message("silence threshold"), lowest=-120, highest=0)
    """Relative to the loud frames of the song: what is quieter becomes silence."""
    cluster_ratio: float = ratio_option(0.0, Message("cluster ratio"), word="so_vits_clusters")
    """How much of the content comes from the voice's clusters: clearer likeness, less clear words."""
    retrieval_ratio: float = ratio_option(0.0, Message("retrieval ratio"), word="so_vits_moments")
    """The same from the nearest frames of the recordings the voice was trained on."""
    protection: float = ratio_option(0.5, Message("protection"))
    """How much of both is kept away from consonants and breaths."""
    loudness_ratio: float = ratio_option(1.0, Message("loudness ratio"))
    """1 gives each frame the loudness it is sung with, 0 that which the voice makes of it."""
    diffusion_depth: int = option(0, Message("diffusion depth"), lowest=0, highest=1000)
    """How many diffusion steps the mel spectrogram is noised and denoised again; 0 leaves diffusion out."""
    diffusion_speedup: int = option(10, Message("diffusion speedup"), lowest=1, highest=100)
    """How many steps are done at once."""
    precision: Precision = option(
        "exact", Message("precision"), word="so_vits_precision", choices=PRECISIONS, choice_words="precision"
    )

    def __post_init__(self) -> None:
        check_options(self)
        if any(not 0 <= share <= 1 for _, share in self.blend) or (self.blend and not any(w for _, w in self.blend)):
            raise UserError("Shares of a blend are numbers from 0 to 1, and not all of them 0.")
