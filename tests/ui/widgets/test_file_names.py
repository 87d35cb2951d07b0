"""Results are named after the song, the voice and the part, and a long title leaves room for the rest."""

from vc_core.ui.widgets.controls import name_after


def test_a_result_is_renamed_after_song_and_voice(tmp_path):
    (tmp_path / "vocals.flac").write_bytes(b"x")
    path = name_after(tmp_path / "vocals.flac", "노래", "Annie")
    assert path.name == "노래 - Annie - vocals.flac"
    assert path.read_bytes() == b"x"


def test_a_long_title_is_shortened_and_the_part_stays(tmp_path):
    (tmp_path / "original-vocals.flac").write_bytes(b"x")
    path = name_after(tmp_path / "original-vocals.flac", "가" * 85)
    assert path.is_file()
    assert path.name.endswith("가 - original-vocals.flac")
