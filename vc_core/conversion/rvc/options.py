"""What a person can choose for RVC voices, beside what every engine offers."""

from dataclasses import dataclass

from vc_core.conversion.precision import PRECISIONS, Precision
from vc_core.errors import Message
from vc_core.options import check_options, option, ratio_option


@dataclass(frozen=True, kw_only=True)
class RvcOptions:
    speaker: int = option(0, Message("speaker number"), api="rvc_speaker", word="rvc_speaker", lowest=0)
    """The row of the checkpoint's speaker table; voices of one singer use 0."""
    retrieval_ratio: float = ratio_option(0.75, Message("retrieval ratio"), api="rvc_retrieval", word="rvc_retrieval")
    """How much of the content comes from the voice's index, if it has one (RVC's index rate)."""
    protection: float = ratio_option(0.67, Message("protection"), api="rvc_protection", word="rvc_protection")
    """How much of it is kept away from consonants and breaths: 1 minus RVC's “protect”."""
    loudness_ratio: float = ratio_option(0.75, Message("loudness ratio"), api="rvc_loudness", word="rvc_loudness")
    """1 gives each frame the loudness it is sung with: 1 minus RVC's RMS mix rate."""
    noise_scale: float = option(
        0.66666, Message("noise scale"), api="rvc_noise", word="so_vits_noise", lowest=0, highest=2, step=0.05
    )
    """More is livelier and rougher, less is plainer."""
    silence_db: float = option(-60.0, Message("silence threshold"), lowest=-120, highest=0)
    """Relative to the loud frames of the song: what is quieter becomes silence."""
    precision: Precision = option(
        "exact", Message("precision"), api="rvc_precision", word="so_vits_precision", choices=PRECISIONS,
        choice_words="precision",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_options(self)
