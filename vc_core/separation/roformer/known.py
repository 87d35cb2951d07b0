"""Published RoFormer models by name: where they are, what each is for, and what their authors say about a licence.

None comes with the app. Most authors state no licence, and a mirror's tag does not bind them, so users decide.
"""

from dataclasses import dataclass

from vc_core.errors import Message
from vc_core.models.roformer.shape import Stft
from vc_core.separation.roformer.config import RoformerConfig
from vc_core.separation.roformer.offers import Purpose

DEFAULT_MODEL = "kim-vocals"
NONE_STATED = Message("none stated")


@dataclass(frozen=True)
class KnownModel:
    name: str
    purpose: Purpose
    about: Message
    """What it is for."""
    repo: str
    file: str
    sha256: str
    megabytes: int
    config: RoformerConfig | str
    """Or the path of its yaml in the repo."""
    quality: str = ""
    """Signal-to-distortion ratio as published; figures of different tests can't be compared."""
    licence: Message = NONE_STATED

    def describe(self) -> Message:
        return Message(
            "{about}. {megabytes} MB, {quality}licence: {licence}.",
            about=self.about,
            megabytes=self.megabytes,
            quality=f"{self.quality}, " if self.quality else "",
            licence=self.licence,
        )


def _describe(
    *instruments: str, target: str = "", hop: int = 441, chunk_samples: int = 352_800, fft_size: int = 2048
) -> RoformerConfig:
    return RoformerConfig(instruments, target, stft=Stft(fft_size, fft_size, hop), chunk_samples=chunk_samples)


MIRROR = "Politrees/UVR_resources"
MEL_FOLDER, BS_FOLDER = "models/Roformer/MelBand", "models/Roformer/BandSplit"

KNOWN_MODELS: dict[str, KnownModel] = {
    model.name: model
    for model in (
        KnownModel(
            "kim-vocals", "vocals", Message("Vocals, by Kimberley Jensen: the usual choice"),
            "KimberleyJSN/melbandroformer", "MelBandRoformer.ckpt",
            "87201f4d31afb5bc79993230fc49446918425574db48c01c405e44f365c7559e", 913,
            _describe("vocals", "other", target="vocals"),
            "10.98 dB", Message("contradictory statements"),
        ),
        KnownModel(
            "resurrection-vocals", "vocals", Message("Vocals, by unwa: a quarter of the download"),
            MIRROR, f"{BS_FOLDER}/model_BandSplit-Roformer_Resurrection_Vocals_by-Unwa.ckpt",
            "9dbfe5cb572e4ed32a15ec727d7bd06c8d7aba97509e6fda5bc008bb1e0b2dd5", 205,
            f"{BS_FOLDER}/config_BandSplit-Roformer_Resurrection_Vocals_by-Unwa.yaml", "11.34 dB",
        ),
        KnownModel(
            "resurrection-instrumental", "vocals", Message("Accompaniment, by unwa"),
            MIRROR, f"{BS_FOLDER}/model_BandSplit-Roformer_Resurrection_Instrumental_by-Unwa.ckpt",
            "16311025a5133ae6411760ccfe9e3e66b31a01d9d8bec0a03fa7ec4bedac7a15", 204,
            f"{BS_FOLDER}/config_BandSplit-Roformer_Resurrection_Instrumental_by-Unwa.yaml",
            "17.25 dB",
        ),
        KnownModel(
            "sw-6-stems", "stems", Message("Vocals, drums, bass, guitar, piano and the rest"),
            "enerjazzer/BS-ROFO-SW-Fixed", "BS-Rofo-SW-Fixed.ckpt",
            "24e7d35ee9c64415673d3fd33e06a67cac2c103c5df6267ba1576459c775916e", 699,
            _describe("bass", "drums", "other", "vocals", "guitar", "piano", hop=512, chunk_samples=588_800),
        ),
        KnownModel(
            "karaoke-gabox", "lead", Message("Lead vocals apart from backing vocals, by Gabox"),
            MIRROR, f"{MEL_FOLDER}/model_MelBand-Roformer_Karaoke_by-Gabox.ckpt",
            "296fd8c3b3dc9d8f7d7301405c001829bfafcb86d254af2e2e9095689da242ea", 913,
            f"{MEL_FOLDER}/config_MelBand-Roformer_Karaoke_by-Gabox.yaml",
        ),
        KnownModel(
            "karaoke-becruily", "lead", Message("Lead vocals apart from backing vocals, by becruily"),
            MIRROR, f"{MEL_FOLDER}/melband_roformer_karaoke_becruily.ckpt",
            "d3aa262ac01df870b9fc033e9c7b6cad33fe04fc9c148b6c40841326a515a0e0", 1719,
            f"{MEL_FOLDER}/config_melband_roformer_karaoke_becruily.yaml",
            licence=Message("free unless commercial, as reported"),
        ),
        KnownModel(
            "dereverb-anvuew", "dereverb", Message("Takes reverb away, by anvuew"),
            MIRROR, f"{MEL_FOLDER}/dereverb_mel_band_roformer_anvuew_sdr_19.1729.ckpt",
            "9262877b87e9ebb0fb808a456b0a411fa677f5df31c8383c1254af531c078970", 913,
            _describe("noreverb", "reverb", target="noreverb"), "19.17 dB",
        ),
        KnownModel(
            "dereverb-anvuew-bs", "dereverb", Message("Takes reverb away, by anvuew: the smaller one"),
            MIRROR, f"{BS_FOLDER}/deverb_bs_roformer_8_384dim_10depth.ckpt",
            "9c38653aaa5e49f2f7b84dd3be2b6b679e0cbea23978e6b48389ee6f0a914768", 361,
            _describe("noreverb", "reverb", target="noreverb", hop=512, chunk_samples=352_768),
        ),
        KnownModel(
            "denoise-aufr33", "denoise", Message("Takes noise away, by aufr33"),
            MIRROR, f"{MEL_FOLDER}/denoise_mel_band_roformer_aufr33_sdr_27.9959.ckpt",
            "7c1c39191edc34e942ca7f2346ce6b6c0e1208a5f76349ffce6f696bd12910de", 913,
            _describe("dry", "other", target="dry"), "27.99 dB",
        ),
    )
}  # fmt: skip
"""For any other: its repo on the Hub, a link, or a file with its yaml beside it."""
