"""`vc convert --reference` and `vc voices add-recording`: voices from short recordings."""

from cli.test_cli import vc  # noqa: F401
from conftest import ROOT

from vc_core.files.reading import read_audio
from vc_core.voices.library import VoiceLibrary, get_voices_folder

LINE, SUNG = (ROOT / "examples" / f"{name}.flac" for name in ("spoken_line", "sung_line"))


def test_a_song_is_converted_to_the_voice_of_a_recording_which_is_not_kept(vc, tmp_path):  # noqa: F811
    words = ("convert", SUNG, "--reference", LINE, "--consent", "synthetic", "-o", tmp_path / "out")
    code, said = vc(*words)
    assert (code, "Report card" in said) == (0, True)
    path = tmp_path / "out" / "sung_line - spoken_line.flac"
    assert read_audio(path).frames == read_audio(SUNG).frames
    assert "spoken_line" in vc("verify", path)[1]
    assert VoiceLibrary(get_voices_folder()).list() == []
    written = path.stat().st_mtime_ns
    assert "its results are there already" in vc(*words)[1]
    assert path.stat().st_mtime_ns == written


def test_a_recording_becomes_a_voice_of_the_library(vc):  # noqa: F811
    code, said = vc("voices", "add-recording", LINE, "--name", "Robin", "--consent", "synthetic")
    assert (code, said) == (0, "“Robin” has been added.")
    assert vc("voices", "verify", "Robin") == (0, "“Robin” is sound.")
    code, said = vc("voices", "add-recording", LINE, "--name", "Robin", "--consent", "synthetic")
    assert (code, "already" in said) == (1, True)


def test_a_voice_or_a_recording_with_consent_is_required(vc, tmp_path):  # noqa: F811
    both = ("--voice", "Clara", "--reference", LINE, "--consent", "own")
    for words in ((), both, ("--reference", LINE), ("--reference", LINE, "--consent", "perhaps")):
        code, said = vc("convert", SUNG, *words, "-o", tmp_path / "out")
        assert (code, "whose it is with --consent (synthetic, own, permission)" in said) == (1, True)
    code, said = vc("voices", "add-recording", tmp_path / "gone.wav", "--name", "Robin", "--consent", "own")
    assert (code, "There is no file “gone.wav”" in said) == (1, True)
