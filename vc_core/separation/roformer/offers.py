"""What a RoFormer model offers: its purpose and its stems by the app's names, from the names in its config."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from vc_core.errors import UserError

Purpose = Literal["vocals", "stems", "lead", "dereverb", "denoise"]
"""Vocals and accompaniment; all instruments; lead and backing vocals; dry sound and its reverb; sound and its noise."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

STEMS_OF: dict[Purpose, tuple[str, str]] = {
    "vocals": ("vocals", "accompaniment"),
    "stems": ("vocals", "accompaniment"),
    "lead": ("lead", "backing"),
    "dereverb": ("dry", "reverb"),
    "denoise": ("clean", "noise"),
}
"""The two stems of each purpose: the wanted one, and the rest."""
FOUR_STEMS = ("vocals", "drums", "bass", "other")
FIRST_NAMES: dict[Purpose, frozenset[str]] = {
    "vocals": frozenset(("vocals", "vocal", "voice")),
    "lead": frozenset(("karaoke", "vocals", "vocal", "lead", "lead vocals")),
    "dereverb": frozenset(("dry", "noreverb", "no reverb", "no_reverb")),
    "denoise": frozenset(("dry", "clean", "denoised", "vocals")),
}
"""What configs call the first of the two stems; whatever else they name is the second."""
STEM_NAME = re.compile(r"[a-z][a-z0-9 _-]{0,30}")
"""Stems become names of files."""


@dataclass(frozen=True)
class Offer:
    purpose: Purpose
    stem_names: tuple[str, ...]
    """All that the model can separate; the last one gets the residual."""
    estimated: tuple[str, ...]
    """The stems that its networks estimate, in their order; any other is the residual."""

    @property
    def stem_counts(self) -> tuple[int, ...]:
        """Into how many stems it separates."""
        names = set(self.stem_names)
        fewer = {len(some) for some in (FOUR_STEMS, STEMS_OF[self.purpose]) if set(some[:-1]) <= names}
        return tuple(sorted({len(names), *(count for count in fewer if count < len(names))}))

    def choose_stems(self, count: int, model: str) -> tuple[str, ...]:
        """The names of that many stems."""
        if count == len(self.stem_names):
            return self.stem_names
        if count not in self.stem_counts:
            raise UserError(
                "“{label}” separates into {counts} parts, not into {stems}. Choose another.",
                label=model,
                counts=" or ".join(map(str, self.stem_counts)),
                stems=count,
            )
        return FOUR_STEMS if count == len(FOUR_STEMS) else STEMS_OF[self.purpose]


def describe_offer(instruments: Sequence[str], target: str, purpose: Purpose) -> Offer:
    """The stems of a model by the instruments of its config, of which `target` is the only one that it estimates."""
    names = [_name_stem(instrument, purpose) for instrument in instruments]
    stem_names: tuple[str, ...] = STEMS_OF[purpose]
    estimated = [_name_stem(target, purpose)] if target else names
    if purpose == "stems":
        first = [name for name in ("vocals", "drums", "bass") if name in names]
        others = [name for name in names if name not in (*first, "other")]
        stem_names = (*first, *others, *(["other"] if "other" in names or target else []))
    if len(set(names)) < len(names) or not set(estimated) <= set(stem_names):
        raise UserError("The stems of this model can't be told apart: {names}.", names=", ".join(instruments))
    return Offer(purpose, stem_names, tuple(estimated))


def _name_stem(instrument: str, purpose: Purpose) -> str:
    name = instrument.strip().lower()
    if purpose != "stems":
        return STEMS_OF[purpose][0 if name in FIRST_NAMES[purpose] else 1]
    if not STEM_NAME.fullmatch(name):
        raise UserError("“{name}” can't be the name of a stem.", name=instrument[:40])
    return name


def guess_purpose(instruments: Sequence[str], name: str) -> Purpose:
    """The purpose of a model that nobody has described, from the names of its stems and of its file."""
    stems, name = {instrument.strip().lower() for instrument in instruments}, name.lower()
    if "karaoke" in stems or "karaoke" in name:
        return "lead"
    if re.search(r"de-?noise", name):
        return "denoise"
    if stems & FIRST_NAMES["dereverb"] or re.search(r"de-?(re)?verb", name):
        return "dereverb"
    if len(stems) <= 2 and stems & {"vocals", "vocal", "voice", "instrumental", "accompaniment"}:
        return "vocals"
    return "stems"
