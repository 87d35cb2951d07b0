"""Emotion by RelGAN: a network trained on recordings by emotion; one comes with the app, others are users' own."""

from pathlib import Path

from vc_core.emotion.base import EmotionEngine, EmotionStyler


def _load(model: Path | None, device: str) -> EmotionStyler:
    # Not at the top: torch is slow to import. It runs on the CPU, where WORLD is, and takes less time than that.
    from vc_core.emotion.relgan.styler import SHIPPED, load_relgan

    return load_relgan(SHIPPED.parent if model is None else model)


def list_emotions(model: Path | None = None) -> tuple[str, ...]:
    """What the model in a folder knows, or the one that comes with the app; without loading its network."""
    from vc_core.emotion.relgan.styler import SHIPPED
    from vc_core.voices.emotion_model import MODEL_FILE, list_emotions

    return list_emotions(SHIPPED if model is None else model / MODEL_FILE)


ENGINE = EmotionEngine(
    "relgan",
    "RelGAN (experimental)",
    load=_load,
    notice="Learned five emotions from synthetic voices that performed them, and briefly; so far it is hardly better "
    "than their averages.",
)
