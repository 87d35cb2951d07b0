"""Invalid and malicious inputs of pages and API clients: each gets an error message, and no data is lost.

Every case goes both ways: straight to the page's handler, and over the network through the API.
"""

import re
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
import soundfile
from conftest import ROOT, client_of
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from media import cut, encode
from voice_maker import add_voice, fill_folder

from vc_core.audio import Audio
from vc_core.ui.server.events import UNEXPECTED
from vc_core.ui.server.sessions import create_results_folder
from vc_core.ui.tabs.add_emotion import emotion as emotion_handler
from vc_core.ui.tabs.add_emotion import emotion_steps
from vc_core.ui.tabs.convert_singer import convert, speak
from vc_core.ui.tabs.separate_vocals import preview, separate
from vc_core.ui.tabs.voices import add_voice as add_voice_handler
from vc_core.ui.tabs.voices import check_origin, check_voice, delete_voice, export_voice, publish_voice
from vc_core.voices.library import VoiceLibrary, get_voices_folder
from vc_core.voices.sharing import export_zip

RATE = 44_100


@pytest.fixture(scope="module")
def client(studio, tmp_path_factory):
    return client_of(studio, tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, song) -> Callable[[str], Path]:
    """Returns a bad file by name, created on first use."""
    folder = tmp_path_factory.mktemp("bad")
    part = song.slice(0, 3 * RATE)
    tone = Audio(part.samples, 48_000)

    def sound(name: str, **options: Any) -> Path:
        soundfile.write(folder / name, part.samples.T, RATE, **options)
        return folder / name

    def text(name: str, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    def with_sample(name: str, value: float) -> Path:
        samples = part.samples.copy()
        samples[0, 70_000] = value
        soundfile.write(folder / name, samples.T, RATE, "FLOAT")
        return folder / name

    def damaged(name: str) -> Path:
        content = bytearray(sound(name).read_bytes())
        content[len(content) // 2 : len(content) // 2 + 9_000] = bytes(9_000)
        return text(name, bytes(content))

    def endless(name: str) -> Path:
        with soundfile.SoundFile(folder / name, "w", 8_000, 1) as file:
            for _ in range(182):
                file.write(np.zeros(60 * 8_000, np.float32))
        return folder / name

    def shape(name: str, frames: int, rate: int, channels: int) -> Path:
        soundfile.write(folder / name, np.zeros((frames, channels)), rate)
        return folder / name

    made: dict[str, Callable[[str], Path]] = {
        "empty.wav": lambda name: text(name, b""),
        "header.wav": lambda name: shape(name, 0, RATE, 2),
        "text.wav": lambda name: text(name, b"not a sound at all\n" * 100),
        "picture.mp3": lambda name: text(name, b"\x89PNG\r\n\x1a\n" + bytes(500)),
        "archive.wav": lambda name: text(name, b"PK\x03\x04" + bytes(500)),
        "paper.flac": lambda name: text(name, b"%PDF-1.7\n" + bytes(500)),
        "page.mp3": lambda name: text(name, b"<!doctype html><title>404</title>" * 20),
        "list.wav": lambda name: text(name, b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
        "concat.wav": lambda name: text(name, b"ffconcat version 1.0\nfile '/etc/passwd'\n"),
        "lies.wav": lambda name: text(name, b"RIFF\xff\xff\xff\x7fWAVEfmt \xff\xff\xff\x7f" + bytes(90)),
        "noise.mp3": lambda name: text(name, b"\xff\xfb\x90\x00" + bytes(range(256)) * 8),
        "zeros.ogg": lambda name: text(name, b"OggS" + bytes(2_000)),
        "nothing.mp4": lambda name: text(name, b"\x00\x00\x00\x20ftypisom" + bytes(20)),
        "silent_film.mp4": lambda name: encode(folder / name, tone, video=True, sound=False),
        "cut.wav": lambda name: cut(sound("a.wav"), 0.5).rename(folder / name),
        "cut.flac": lambda name: cut(sound("a.flac"), 0.5).rename(folder / name),
        "cut.mp3": lambda name: cut(sound("a.mp3"), 0.5).rename(folder / name),
        "cut.ogg": lambda name: cut(sound("a.ogg"), 0.5).rename(folder / name),
        "cut.m4a": lambda name: cut(encode(folder / "a.m4a", tone), 0.5).rename(folder / name),
        "cut.webm": lambda name: cut(encode(folder / "a.webm", tone), 0.5).rename(folder / name),
        "cut.mkv": lambda name: cut(encode(folder / "a.mkv", tone, video=True), 0.5).rename(folder / name),
        "damaged.flac": damaged,
        "nan.wav": lambda name: with_sample(name, np.nan),
        "infinite.wav": lambda name: with_sample(name, np.inf),
        "enormous.wav": lambda name: with_sample(name, 1e30),
        "slow.wav": lambda name: shape(name, 4_000, 4_000, 1),
        "fast.wav": lambda name: shape(name, 4_000, 384_000, 1),
        "many.wav": lambda name: shape(name, 4_000, RATE, 12),
        "endless.flac": endless,
    }

    def get(name: str) -> Path:
        return folder / name if (folder / name).exists() else made[name](name)

    return get


SONGS = (
    "empty.wav", "header.wav", "text.wav", "picture.mp3", "archive.wav", "paper.flac", "page.mp3", "list.wav",
    "concat.wav", "lies.wav", "noise.mp3", "zeros.ogg", "nothing.mp4", "silent_film.mp4", "cut.wav", "cut.flac",
    "cut.mp3", "cut.ogg", "cut.m4a", "cut.webm", "cut.mkv", "damaged.flac", "nan.wav", "infinite.wav", "enormous.wav",
    "slow.wav", "fast.wav", "many.wav", "endless.flac",
)  # fmt: skip

ZIPS: dict[str, tuple[Callable[[dict[str, bytes]], object], str]] = {
    "traversal": (lambda entries: entries.update({"../../evil.json": b"{}"}), "not where"),
    "absolute": (lambda entries: entries.update({"/etc/evil.json": b"{}"}), "not where"),
    "program": (lambda entries: entries.update({"alto/run.py": b"import os"}), "may not have"),
    "pickle": (lambda entries: entries.update({"alto/G_1.pth": b"\x80\x04."}), "may not have"),
    "no card": (lambda entries: entries.pop("alto/voice.json"), "no voice"),
    "broken card": (lambda entries: entries.update({"alto/voice.json": b"{"}), "not valid"),
    "no consent": (
        lambda entries: entries.update(
            {"alto/voice.json": entries["alto/voice.json"].replace(b'"synthetic"', b'"unknown"')}
        ),
        "whose voice",
    ),
    "changed weights": (lambda entries: entries.update({"alto/voice.safetensors": b"x"}), "changed"),
    "unlisted file": (lambda entries: entries.update({"alto/b.safetensors": b"x"}), "does not list"),
}  # fmt: skip

TEXTS: list[tuple[str, dict[str, Any], str]] = [
    ("/separate", {"song": None}, "Choose a song"),
    ("/separate", {"song": "examples/song.flac", "engine": "magic"}, "magic"),
    ("/separate", {"song": "examples/song.flac", "format_name": "wma"}, "wma"),
    ("/separate", {"song": "examples/song.flac", "engine": "repet", "stems": 5}, "not into 5"),
    ("/preview", {"song": None}, "Choose a song"),
    ("/convert", {"song": None}, "Choose a recording"),
    ("/convert", {"song": "examples/sung_line.flac", "voice": ""}, "Choose a voice"),
    ("/convert", {"song": "examples/sung_line.flac", "voice": "Nobody"}, "no voice called"),
    ("/convert", {"song": "examples/sung_line.flac", "voice": "../../etc"}, "no voice called"),
    ("/convert", {"song": "examples/sung_line.flac", "voice": "Kept"}, "no decoder|can't sing"),
    ("/convert", {"song": "examples/sung_line.flac", "key_shift_semitones": 99}, "from -24 to 24|maximum"),
    ("/convert", {"song": "examples/sung_line.flac", "automatic_key": "magic"}, "magic"),
    ("/convert", {"song": "examples/sung_line.flac", "formant_shift_semitones": -13}, "from -12 to 12|minimum"),
    ("/convert", {"song": "examples/sung_line.flac", "breath_db": 30}, "from -24 to 24|maximum"),
    ("/convert", {"song": "examples/sung_line.flac", "seed": -1}, "seed is a number from 0|whole number"),
    ("/convert", {"song": "examples/sung_line.flac", "format_name": "wma"}, "wma"),
    ("/convert", {"song": "examples/sung_line.flac", "pitch_method": "magic"}, "magic"),
    ("/convert", {"song": "examples/sung_line.flac", "so_vits": "noise_scale=0.2"}, "no setting “noise_scale”"),
    ("/convert", {"song": "examples/sung_line.flac", "noise_scale": 9}, "from 0 to 2|maximum"),
    ("/convert", {"song": "examples/sung_line.flac", "cluster_ratio": -1}, "from 0 to 1|minimum"),
    ("/convert", {"song": "examples/sung_line.flac", "precision": "magic"}, "magic"),
    ("/convert", {"song": "examples/sung_line.flac", "rvc_retrieval": 2}, "from 0 to 1|maximum"),
    ("/convert", {"song": "examples/sung_line.flac", "rvc_speaker": -1}, "number from 0|minimum"),
    ("/convert", {"song": "examples/sung_line.flac", "so_vits": "magic=1"}, "no setting “magic”"),
    ("/speak", {"text": ""}, "Write a text"),
    ("/speak", {"text": "\0\n"}, "Write a text"),
    ("/speak", {"text": "…"}, "nothing to say"),
    ("/speak", {"text": "x" * 5_001}, "5,001 letters|maximum length"),
    ("/speak", {"text": "hello", "voice": "Nobody"}, "no voice called"),
    ("/speak", {"text": "hello", "language": "xx"}, "xx"),
    ("/speak", {"text": "hello", "words_per_minute": 1_000}, "80 to 300|maximum"),
    ("/emotion", {"voice": None}, "Choose a recording"),
    ("/emotion", {"voice": "examples/spoken_line.flac", "emotion": "hungry"}, "hungry"),
    ("/emotion", {"voice": "examples/spoken_line.flac", "intensity": 2.0}, "0 to 1.5|maximum"),
    ("/emotion", {"voice": "examples/spoken_line.flac", "format_name": "wma"}, "wma"),
    ("/emotion_steps", {"voice": None}, "Choose a recording"),
    ("/add_voice", {"archive": None, "repo": "", "name": ""}, "either a zip file or"),
    ("/add_voice", {"archive": None, "repo": "nonsense", "name": ""}, "not the name of a repo"),
    ("/add_voice", {"archive": None, "repo": "https://example.org/a/b", "name": ""}, "Only links"),
    ("/add_voice", {"archive": None, "repo": "/etc/passwd", "name": ""}, "not the name of a repo"),
    ("/add_voice", {"archive": None, "repo": "ann/alto:../../x", "name": ""}, "can't be"),
    ("/add_voice", {"archive": None, "repo": "ann/nobody", "name": ""}, "no repo"),
    ("/check_voice", {"name": ""}, "Choose a voice"),
    ("/check_voice", {"name": "Nobody"}, "no voice called"),
    ("/check_voice", {"name": "../../etc"}, "no voice called"),
    ("/export_voice", {"name": "Nobody"}, "no voice called"),
    ("/delete_voice", {"name": ""}, "Choose a voice"),
    ("/delete_voice", {"name": "Nobody"}, "no voice called"),
    ("/delete_voice", {"name": "Clara"}, "comes with the app"),
    ("/publish_voice", {"name": "Nobody", "repo": "ann/x", "token": "t", "private": True}, "no voice called"),
    ("/publish_voice", {"name": "Kept", "repo": "nonsense", "token": "t", "private": True}, "not the name"),
    ("/publish_voice", {"name": "Kept", "repo": "ann/x", "token": "", "private": True}, "paste a token"),
    ("/publish_voice", {"name": "Kept", "repo": "ann/x", "token": "hf_wrong", "private": True}, "private|not valid"),
    ("/check_origin", {"sound": None}, "Choose a sound file"),
]

DEFAULTS: dict[str, dict[str, Any]] = {
    "/separate": {"engine": "repet", "stems": 2, "treble": False, "sum_to_song": True, "format_name": "flac24"},
    "/preview": {"engine": "repet", "stems": 2, "treble": False, "sum_to_song": True, "preview_from": 0},
    "/convert": {
        "voice": "Clara", "key_shift_semitones": 0, "automatic_key": "octaves", "formant_shift_semitones": 0,
        "breath_db": 0, "seed": 0, "format_name": "flac24", "pitch_method": "dio", "singer": "", "noise_scale": 0.4,
        "predicted_pitch": False, "cluster_ratio": 0, "retrieval_ratio": 0, "precision": "exact", "so_vits": "",
        "rvc_speaker": 0, "rvc_retrieval": 0.75, "rvc_protection": 0.67, "rvc_loudness": 0.75, "rvc_noise": 0.67,
        "rvc_precision": "exact",
    },
    "/speak": {
        "voice": "Clara", "language": "guess", "words_per_minute": 150, "key_shift_semitones": 0,
        "formant_shift_semitones": 0, "breath_db": 0, "seed": 0, "format_name": "flac24",
    },
    "/emotion": {
        "emotion": "sad", "intensity": 1.0, "source": "neutral", "changes_tempo": True, "is_singing": False,
        "method": "rules", "format_name": "flac24",
    },
    "/emotion_steps": {
        "emotion": "sad", "source": "neutral", "changes_tempo": True, "is_singing": False, "method": "rules",
    },
}  # fmt: skip
"""The default values of the controls."""
STREAMED: dict[str, Callable[..., Any]] = {
    "/separate": separate, "/preview": preview, "/convert": convert, "/speak": speak, "/emotion": emotion_handler,
    "/emotion_steps": emotion_steps,
}  # fmt: skip
HANDLERS: dict[str, Callable[..., Any]] = {
    "/add_voice": lambda archive, repo, name: list(add_voice_handler(archive, repo, name, None)),
    "/check_voice": lambda name: check_voice(name, None),
    "/export_voice": lambda name: export_voice(name, None),
    "/delete_voice": lambda name: delete_voice(name, None),
    "/publish_voice": lambda name, repo, token, private: list(publish_voice(name, repo, token, private, None)),
    "/check_origin": check_origin,
}


def call_handler(endpoint: str, parameters: dict[str, Any]) -> Any:
    if endpoint in STREAMED:
        return list(STREAMED[endpoint](DEFAULTS[endpoint] | parameters, None, gr.Progress()))
    return HANDLERS[endpoint](**parameters)


@pytest.fixture(autouse=True)
def kept_voice(hub):
    """A voice that must not be damaged by these tests."""
    library = VoiceLibrary(get_voices_folder())
    if "Kept" not in [voice.name for voice in library.list()]:
        add_voice(library, "Kept")
    yield
    assert "Kept" in [voice.name for voice in library.list()]
    assert not list(library.folder.glob(".*"))


def refused_both_ways(client, endpoint: str, parameters: dict[str, Any], words: str = "") -> None:
    """Handler and API refuse with a message that contains these words."""
    with pytest.raises(gr.Error) as straight:
        call_handler(endpoint, parameters)
    sent = {name: handle_file(value) if isinstance(value, Path) else value for name, value in parameters.items()}
    with pytest.raises(AppError) as over_the_network:
        client.predict(**sent, api_name=endpoint)
    for sentence in (str(straight.value.message), str(over_the_network.value)):
        assert re.search(words, sentence), sentence
        assert "Traceback" not in sentence
        assert str(UNEXPECTED) not in sentence
        assert str(ROOT) not in sentence
        assert "Error(" not in sentence
    assert str(straight.value.message).endswith(".")


def test_there_are_forty_and_more():
    assert len(SONGS) + len(ZIPS) + len(TEXTS) >= 40


@pytest.mark.parametrize("name", SONGS)
def test_a_bad_song(client, shelf, name):
    refused_both_ways(client, "/separate", {"song": shelf(name)})


@pytest.mark.parametrize("name", ["text.wav", "empty.wav"])
def test_a_bad_file_is_refused_by_the_origin_check(client, shelf, name):
    refused_both_ways(client, "/check_origin", {"sound": shelf(name)})


@pytest.mark.parametrize("name", ["nan.wav", "cut.mp3"])
def test_the_origin_of_a_faulty_sound_is_still_read(client, shelf, name):
    assert "no mark" in client.predict(sound=handle_file(shelf(name)), api_name="/check_origin")


@pytest.mark.parametrize("name", ZIPS)
def test_a_bad_voice(client, tmp_path, name):
    change, words = ZIPS[name]
    fill_folder(tmp_path / "alto")
    entries = {f"alto/{path.name}": path.read_bytes() for path in (tmp_path / "alto").iterdir()}
    change(entries)
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)
    parameters = {"archive": tmp_path / "bad.zip", "repo": "", "name": ""}
    refused_both_ways(client, "/add_voice", parameters, words)


def test_a_voice_archive_with_a_symbolic_link_is_refused(client, tmp_path):
    archive = export_zip(add_voice(VoiceLibrary(tmp_path / "made")), tmp_path / "link.zip")
    with zipfile.ZipFile(archive, "a") as opened:
        link = zipfile.ZipInfo("alto/link.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "/etc/passwd")
    refused_both_ways(client, "/add_voice", {"archive": archive, "repo": "", "name": ""}, "only a link")


@pytest.mark.parametrize(("name", "words"), [("Kept", "already"), ("x" * 61, "1 to 60 letters"), ("a\tb", "1 to 60")])
def test_a_voice_with_an_invalid_name_is_refused(client, tmp_path, name, words):
    archive = export_zip(add_voice(VoiceLibrary(tmp_path / "made")), tmp_path / "alto.zip")
    refused_both_ways(client, "/add_voice", {"archive": archive, "repo": "", "name": name}, words)


def test_a_zip_and_a_repo_at_once_are_refused(client, tmp_path):
    archive = export_zip(add_voice(VoiceLibrary(tmp_path / "made")), tmp_path / "alto.zip")
    refused_both_ways(client, "/add_voice", {"archive": archive, "repo": "ann/alto", "name": ""}, "either")


@pytest.mark.parametrize(("endpoint", "parameters", "words"), TEXTS)
def test_a_bad_choice(client, endpoint, parameters, words):
    examples = {name: ROOT / value for name, value in parameters.items() if str(value).startswith("examples")}
    parameters = parameters | examples
    refused_both_ways(client, endpoint, parameters, words)


def test_a_file_that_has_been_deleted_is_refused(client):
    gone = create_results_folder() / "gone.wav"
    with pytest.raises(gr.Error, match="no file"):
        call_handler("/separate", {"song": str(gone)})


@pytest.mark.parametrize(
    "body",
    [
        b"not json", b"[]", b"{}", b'{"song": 5}', b'{"song": "/etc/passwd"}', b'{"song": ["a", "b"]}',
        b'{"song": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}}',
        b'{"song": {"path": "../../../etc/passwd", "meta": {"_type": "gradio.FileData"}}}',
        b'{"song": {"url": "http://127.0.0.1:1/x", "path": "x", "meta": {"_type": "gradio.FileData"}}}',
        b'{"song": null, "engine": {"a": 1}, "format_name": 7}', b'{"surprise": true}',
    ],
)  # fmt: skip
def test_a_malformed_http_call_reveals_nothing_about_the_server(studio, body):
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{studio}gradio_api/call/v2/separate", content=body, headers=headers)
    told = answer.text
    if answer.status_code == 200:
        with httpx.stream("GET", f"{studio}gradio_api/call/separate/{answer.json()['event_id']}", timeout=20) as events:
            told = "".join(events.iter_text())
        assert "event: error" in told
    for secret in ("Traceback", "root:x", str(ROOT), "site-packages"):
        assert secret not in told


def test_after_all_this_the_app_still_works(client, shelf):
    refused_both_ways(client, "/separate", {"song": shelf("text.wav")})
    vocals, accompaniment, *_ = client.predict(song=handle_file(ROOT / "examples" / "song.flac"), api_name="/separate")
    assert Path(vocals).stat().st_size > 100_000
    assert Path(accompaniment).stat().st_size > 100_000
