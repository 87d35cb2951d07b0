"""The speakers of the natural-speech corpus: Kokoro's voices but the held-out ones, and blends of two of them."""

from dataclasses import dataclass

import numpy as np

from starters.speech.held_out import require_allowed
from starters.speech.kokoro import Blend

SEED = 29
BLENDS = 200
VOICES = (
    "af_alloy", "af_aoede", "af_bella", "af_heart", "af_jessica", "af_kore", "af_nicole", "af_nova", "af_river",
    "af_sarah", "af_sky", "am_adam", "am_echo", "am_eric", "am_fenrir", "am_liam", "am_michael", "am_puck", "am_santa",
    "bf_emma", "bf_isabella", "bf_lily", "bm_daniel", "bm_fable", "bm_george", "bm_lewis", "ef_dora", "em_alex",
    "em_santa", "ff_siwis", "hf_alpha", "hf_beta", "hm_omega", "hm_psi", "if_sara", "im_nicola", "jf_gongitsune",
    "jf_nezumi", "jf_tebukuro", "pf_dora", "pm_alex", "pm_santa", "zf_xiaobei", "zf_xiaoni", "zf_xiaoxiao", "zf_xiaoyi",
    "zm_yunjian", "zm_yunxi", "zm_yunxia", "zm_yunyang",
)  # fmt: skip
"""The first letter is the origin (a American, b British, e Spanish, f French, h Hindi, i Italian, j Japanese, p
Brazilian, z Chinese), the second is f for female and m for male."""
NATIVE_LANGUAGES = {"e": "es", "f": "fr-fr", "h": "hi", "i": "it", "j": "ja", "p": "pt-br"}


@dataclass(frozen=True)
class Speaker:
    number: int
    blend: Blend

    @property
    def native_language(self) -> str:
        """espeak-ng's name, by the origin of the first voice; English for Chinese voices too."""
        return NATIVE_LANGUAGES.get(self.blend.first[0], self.english)

    @property
    def english(self) -> str:
        return english_of(self.blend.first)


def english_of(voice: str) -> str:
    """The English of one of Kokoro's voices: British voices have their own."""
    return "en-gb" if voice.startswith("b") else "en-us"


def speaker(number: int) -> Speaker:
    """The voices come first, and then the blends, of which there is no end; each follows from its number alone."""
    if number < len(VOICES):
        blend = Blend(VOICES[number])
    else:
        generator = np.random.default_rng([SEED, number])
        first, second = generator.choice(VOICES, 2, replace=False)
        timbre, prosody = generator.uniform(0.0, 1.0, 2).round(3)
        blend = Blend(str(first), str(second), float(timbre), float(prosody))
    for name in blend.voices:
        require_allowed(name)
    return Speaker(number, blend)


def choose_speaker(generator: np.random.Generator) -> Speaker:
    """One of the voices with a probability of 0.4, or else one of so many blends as the corpus has."""
    if generator.random() < 0.4:
        return speaker(int(generator.integers(len(VOICES))))
    return speaker(len(VOICES) + int(generator.integers(BLENDS)))
