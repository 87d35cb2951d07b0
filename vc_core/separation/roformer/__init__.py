"""Separation by RoFormers (Mel-Band and BS): one engine, and models by name, from the Hub, a link or a file."""

from vc_core.errors import Message
from vc_core.progress import Progress, silent
from vc_core.separation.base import SeparationEngine, Separator, SeparatorOptions
from vc_core.separation.roformer.known import KNOWN_MODELS
from vc_core.separation.roformer.library import find_installed, get_default_model, list_installed, name_model
from vc_core.separation.roformer.offers import PURPOSES, STEMS_OF, Offer, Purpose, describe_offer

__all__ = ["ENGINE", "KNOWN_MODELS", "PURPOSES", "STEMS_OF", "Offer", "Purpose", "find_installed", "list_models"]

STEM_COUNTS = (2, 3, 4, 5, 6)


def list_models(purpose: Purpose | None = None) -> tuple[str, ...]:
    """The names of models to choose from, for one purpose or for all: installed ones first."""
    installed = {model.name: model.purpose for model in list_installed()}
    known = {model.name: model.purpose for model in KNOWN_MODELS.values()}
    return tuple(name for name, its_purpose in (installed | known).items() if purpose in (None, its_purpose))


def describe_model(text: str) -> Message | None:
    """Of a known model, or where an installed one comes from."""
    if (known := KNOWN_MODELS.get(name_model(text))) is not None:
        return known.describe()
    installed = find_installed(text)
    return Message("Installed from {origin}.", origin=installed.origin) if installed else None


def install_local(path: str, *, progress: Progress = silent) -> str:
    """Install a file or folder on this disk, and return the name of the model; never for users of a web page."""
    from vc_core.separation.roformer.installing import install_model

    return install_model(path, allow_local=True, progress=progress)


def find_offer(text: str) -> Offer | None:
    """What the model offers; None if that shows only when it is installed."""
    if (installed := find_installed(text)) is not None:
        return installed.offer
    known = KNOWN_MODELS.get(name_model(text))
    if known is None or isinstance(known.config, str):
        return None
    return describe_offer(known.config.instruments, known.config.target, known.purpose)


def _count_stems(text: str) -> tuple[int, ...]:
    offer = find_offer(text)
    return STEM_COUNTS if offer is None else offer.stem_counts


def _prepare(options: SeparatorOptions, progress: Progress) -> None:
    # Not at the top: the Hub's client is slow to import, and the shell's help does not need it.
    from vc_core.separation.roformer.installing import install_model

    install_model(options.model or get_default_model(), progress=progress)


def _load(options: SeparatorOptions, device: str) -> Separator:
    from vc_core.separation.roformer.separator import RoformerSeparator
    from vc_core.separation.roformer.weights import load_network

    model = find_installed(options.model)
    if model is None:
        _prepare(options, silent)
        return _load(options, device)
    stems = model.offer.choose_stems(options.stems, model.name)
    return RoformerSeparator.load(load_network(model), model.config, model.offer, stems, device)


def _estimate_download_megabytes(options: SeparatorOptions) -> int:
    """0 if it is installed, or if its size is not known."""
    known = KNOWN_MODELS.get(name_model(options.model))
    return known.megabytes if known and find_installed(options.model) is None else 0


ENGINE = SeparationEngine(
    "roformer",
    "RoFormer",
    load=_load,
    notice="Models of the community, from the Hub: the cleanest known, and slow without a GPU.",
    download_megabytes=_estimate_download_megabytes,
    prepare=_prepare,
    gpu_speed=8.0,
    quality=7,
    guessed_speed=6.0,
    stem_counts=STEM_COUNTS,
    list_models=list_models,
    describe_model=describe_model,
    get_usual_model=get_default_model,
    count_stems=_count_stems,
)
