"""Signs that a voice was imported with another voice's index.

Nothing in an index says whose it is. Another width is refused; beyond that there are its name, the indexes of the other
voices in the library, and whether its features are near those of a song (`features.measure_index_fit`).
"""

from collections.abc import Iterable

from vc_core.conversion.rvc.files import (
    ARRAY_FILE,
    ENGINE_NAME,
    INDEX_FILE,
    TRAINING_CHECKPOINT,
    WEIGHTS_FILE,
    is_named_alike,
    read_index_name,
    read_model_name,
)
from vc_core.errors import Message
from vc_core.voices.library import Voice


def find_index_doubts(voice: Voice, others: Iterable[Voice]) -> list[Message]:
    """Why the index may be another voice's; empty if nothing suggests that."""
    index, checkpoint = (str(voice.card.settings.get(key, "")) for key in ("index", "checkpoint"))
    if voice.card.engine != ENGINE_NAME or not index:
        return []
    doubts = []
    name, own = read_index_name(index), read_model_name(checkpoint)
    is_unnamed = index.lower() == ARRAY_FILE or not name or TRAINING_CHECKPOINT.fullmatch(own)
    if not is_unnamed and not is_named_alike(own, name):
        doubts.append(
            Message(
                "Its index “{index}” is named differently from “{checkpoint}”. Make sure that it is this voice's.",
                index=index,
                checkpoint=checkpoint,
            )
        )
    files = voice.card.files
    for other in others:
        own_weights, its = files[WEIGHTS_FILE], other.card.files
        if its.get(INDEX_FILE) == files[INDEX_FILE] and its.get(WEIGHTS_FILE) != own_weights:
            doubts.append(
                Message("Its index is also that of “{name}”. Make sure that both are one singer.", name=other.name)
            )
    return doubts
