"""Tasks in a row, each of them one function."""

from vc_core.recipes.cover import (
    advise_key,
    cover_song,
    lease_seconds,
    needs_separation,
    preflight_cover,
    prepare_cover,
    separate_for_cover,
)
from vc_core.recipes.options import (
    BACKING_WAYS,
    COVER_CONVERSION,
    COVER_LIMITS,
    COVER_SEPARATOR,
    BackingWay,
    Cover,
    CoverOptions,
)

__all__ = [
    "BACKING_WAYS",
    "COVER_CONVERSION",
    "COVER_LIMITS",
    "COVER_SEPARATOR",
    "BackingWay",
    "Cover",
    "CoverOptions",
    "advise_key",
    "cover_song",
    "lease_seconds",
    "needs_separation",
    "preflight_cover",
    "prepare_cover",
    "separate_for_cover",
]
