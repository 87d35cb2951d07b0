"""Recordings with music: how long it takes to free them of it is told before anybody waits for it."""

from itertools import count
from types import SimpleNamespace

import pytest

from vc_core.audio import join
from vc_core.recipes import training
from vc_core.recipes.training import separation_seconds
from vc_core.writing import write_audio


def test_what_separation_will_take_is_that_of_a_part_for_all_there_is(song, tmp_path, monkeypatch):
    ticks = count()
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    piece = song.between(0, 6 * song.sample_rate)
    write_audio(tmp_path / "short.flac", piece, format_name="flac16")
    write_audio(tmp_path / "long.flac", join([piece] * 4), format_name="flac16")
    short, long = tmp_path / "short.flac", tmp_path / "long.flac"
    # A tick to load, and one for the part: of 6 seconds, or of 15 where there is more.
    assert separation_seconds([short], tmp_path / "one", "repet") == pytest.approx(1 + 1)
    assert separation_seconds([short, long, long], tmp_path / "all", "repet") == pytest.approx(1 + 54 / 15, rel=1e-3)
