"""The original Spleeter beside us: its process answers, refuses, dies and ends as it should; its stems are its own."""

import gc
import signal
import subprocess
import sys
import sysconfig
import threading
import time
import venv
from pathlib import Path

import numpy as np
import pytest
from separation.spleeter_oracle import SPAN_FRAMES, SPANS, known_sound, levels

from vc_core.audio import Audio
from vc_core.errors import UserError
from vc_core.progress import Cancelled
from vc_core.separation.spleeter.original import (
    check_original,
    get_original_environment,
    list_visible_devices,
    load_original,
)

ORACLE = Path(__file__).with_name("spleeter_oracle.py")
TINY = Path(__file__).parents[1] / "data" / "spleeter"

STAND_IN = '''
"""In Spleeter's place, where only the way to it is tested. The first sample says what to do."""

import os
import time

print("printed while it is imported")


class Separator:
    def __init__(self, configuration, multiprocess):
        self.share = 0.25 if configuration.endswith("16kHz") else 0.75

    def separate(self, sound):
        os.write(1, b"written past Python\\n")
        if sound[0, 0] == 2:
            raise ValueError("No good sound.\\nMore about it.")
        if sound[0, 0] == 3:
            os.write(2, b"Out of luck\\n\\n")
            os._exit(1)
        if sound[0, 0] == 4:
            time.sleep(60)
        # In another order than the stems have.
        return {"accompaniment": sound - self.share * sound, "vocals": self.share * sound}
'''


@pytest.fixture
def bare_environment(tmp_path, monkeypatch):
    """An environment with NumPy, but without Spleeter."""
    folder = tmp_path / "environment"
    venv.create(folder)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (packages / "numpy_of_the_tests.pth").write_text(str(Path(np.__file__).parents[1]))
    monkeypatch.setenv("VOICE_STUDIO_SPLEETER_ENV", str(folder))
    return packages


@pytest.fixture
def stand_in(bare_environment):
    (bare_environment / "spleeter").mkdir()
    (bare_environment / "spleeter" / "separator.py").write_text(STAND_IN)


def sound(first_sample: float, frames: int = 10_000) -> np.ndarray:
    samples = np.resize(known_sound(10_000), (2, frames))
    samples[0, 0] = first_sample
    return samples


def process_of(engine) -> subprocess.Popen:
    return engine._worker._process


def test_without_its_environment_the_message_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_STUDIO_SPLEETER_ENV", str(tmp_path))
    with pytest.raises(UserError, match="make spleeter-env"):
        check_original()
    with pytest.raises(UserError, match="make spleeter-env"):
        load_original(TINY, 2)


def test_an_environment_without_spleeter_is_refused(bare_environment):
    with pytest.raises(UserError, match="not complete: No module named 'spleeter'"):
        load_original(TINY, 2)


@pytest.mark.parametrize("name", ["checkpoint", "model.index", "model.data-00000-of-00001"])
def test_a_model_that_lacks_a_file_is_refused(stand_in, tmp_path, name):
    """Spleeter itself would separate with random weights."""
    copy_model(tmp_path)
    (tmp_path / "2stems" / name).unlink()
    with pytest.raises(UserError, match=f"“2stems” is not complete: its file “{name}” is missing"):
        load_original(tmp_path, 2)


def test_a_missing_model_folder_is_refused_and_not_created(stand_in, tmp_path):
    with pytest.raises(UserError, match="“4stems” is not complete"):
        load_original(tmp_path / "models", 4)
    assert not (tmp_path / "models").exists()


def test_a_model_that_disappears_is_noticed(stand_in, tmp_path):
    copy_model(tmp_path)
    engine = load_original(tmp_path, 2)
    (tmp_path / "2stems" / "checkpoint").write_text('model_checkpoint_path: "another"')
    with pytest.raises(UserError, match="names other weights"):
        engine.separate_at_once(sound(0))


def test_what_is_printed_stays_out_of_the_stems(stand_in):
    engine = load_original(TINY, 2)
    samples = sound(0)
    for _ in range(2):
        stems = engine.separate_at_once(samples)
        assert list(stems) == ["vocals", "accompaniment"]
        np.testing.assert_array_equal(stems["vocals"], np.float32(0.75) * samples)


def test_treble_chooses_the_other_configuration(stand_in):
    vocals = load_original(TINY, 2, treble=True).separate_at_once(sound(0))["vocals"]
    np.testing.assert_array_equal(vocals, np.float32(0.25) * sound(0))


@pytest.mark.parametrize("frames", [1, 4_095, 2_621_441, 3_000_001])
def test_any_length_comes_back_to_the_sample(stand_in, frames):
    """Windows are joined at 2,097,152."""
    samples = sound(0, frames)
    stems = load_original(TINY, 2).separate(Audio(samples, 44_100), sums_to_song=False)
    np.testing.assert_allclose(stems["vocals"].samples, 0.75 * samples, atol=1e-7)


def test_a_fault_comes_back_as_a_message_and_the_next_song_is_served(stand_in):
    engine = load_original(TINY, 2)
    process = process_of(engine)
    with pytest.raises(UserError, match=r"failed: ValueError, No good sound\.$"):
        engine.separate_at_once(sound(2))
    assert engine.separate_at_once(sound(0))["vocals"].shape == (2, 10_000)
    assert process_of(engine) is process


@pytest.mark.parametrize("frames", [10, 3_000_000])
def test_a_process_that_dies_is_reported_with_its_stderr_and_restarted(stand_in, frames):
    engine = load_original(TINY, 2)
    with pytest.raises(UserError, match="ended unexpectedly: Out of luck"):
        engine.separate_at_once(sound(3, frames))
    assert engine.separate_at_once(sound(0))["vocals"].shape == (2, 10_000)


def test_a_killed_process_is_reported_as_out_of_memory(stand_in):
    engine = load_original(TINY, 2)
    threading.Timer(0.5, process_of(engine).kill).start()
    with pytest.raises(UserError, match="ended unexpectedly: it may have run out of memory"):
        engine.separate_at_once(sound(4))


def test_a_process_killed_between_songs_is_restarted(stand_in):
    engine = load_original(TINY, 2)
    process_of(engine).kill()
    process_of(engine).wait()
    assert engine.separate_at_once(sound(0))["vocals"].shape == (2, 10_000)


def test_interrupting_an_answer_ends_the_process(stand_in):
    """Or its answer would be taken for that of the next request."""
    engine = load_original(TINY, 2)
    process = process_of(engine)
    main_thread = threading.main_thread().ident
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a server of another test may have its own
    threading.Timer(0.5, lambda: signal.pthread_kill(main_thread, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        engine.separate_at_once(sound(4))
    signal.signal(signal.SIGINT, before)
    assert process.poll() is not None
    assert engine.separate_at_once(sound(0))["vocals"].shape == (2, 10_000)


def test_the_process_ends_with_its_engine(stand_in):
    engine = load_original(TINY, 2)
    process = process_of(engine)
    assert process.poll() is None
    del engine
    gc.collect()
    assert process.poll() is not None


def test_a_closed_engine_starts_again(stand_in):
    engine = load_original(TINY, 2)
    first = process_of(engine)
    engine.close()
    engine.close()
    assert first.poll() is not None
    assert engine.separate_at_once(sound(0))["vocals"].shape == (2, 10_000)


def test_the_process_ends_when_its_parent_is_killed(stand_in):
    program = (
        "import os, signal; from pathlib import Path; from vc_core.separation.spleeter.original import load_original;"
        f"engine = load_original(Path({str(TINY)!r}), 2); print(engine._worker._process.pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=60)
    status = Path(f"/proc/{int(done.stdout)}/stat")
    end = time.monotonic() + 10
    while status.exists() and ") Z " not in status.read_text() and time.monotonic() < end:
        time.sleep(0.05)
    assert not status.exists() or ") Z " in status.read_text()


def python_of_the_original() -> Path:
    return get_original_environment() / "bin" / "python"


def copy_model(folder: Path) -> None:
    (folder / "2stems").mkdir()
    for file in (TINY / "2stems").iterdir():
        (folder / "2stems" / file.name).write_bytes(file.read_bytes())


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Full-size networks with random weights, as the original saves them."""
    try:
        check_original()
    except UserError as missing:
        pytest.skip(str(missing))
    folder = tmp_path_factory.mktemp("models")
    for stems in (2, 5):
        command = [python_of_the_original(), ORACLE, "weights", folder, str(stems)]
        subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def original(models):
    engine = load_original(models, 2)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def minute(song) -> Audio:
    """Long enough for two windows, and no whole number of segments."""
    return song.with_samples(np.resize(song.samples, (2, 44_100 * 62 + 7)))


@pytest.mark.slow
def test_the_stored_reference_equals_the_original_package(models, tmp_path):
    program = (
        "import sys, numpy; from pathlib import Path; from spleeter_oracle import TINY_FILTERS, known_sound, separate;"
        "tiny, out = map(Path, sys.argv[1:]); sound = known_sound(30_011);"
        "[numpy.savez(out / npz.name, **separate(tiny, npz.stem, TINY_FILTERS, sound)) for npz in tiny.glob('*.npz')]"
    )
    command = [python_of_the_original(), "-c", program, TINY, tmp_path]
    subprocess.run(command, cwd=ORACLE.parent, check=True, capture_output=True)
    kept = sorted(TINY.glob("*.npz"))
    assert len(kept) == 6
    for path in kept:
        with np.load(path) as pieces, np.load(tmp_path / path.name) as stems:
            for name, stem in stems.items():
                for piece, start in zip(pieces[f"{name}_30011"], SPANS[30_011], strict=True):
                    np.testing.assert_allclose(piece, stem[:, start : start + SPAN_FRAMES], atol=1e-6)
                np.testing.assert_allclose(pieces[f"{name}_30011_levels"], levels(stem), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "names", [("vocals", "accompaniment"), ("vocals", "piano", "drums", "bass", "other")], ids=["2stems", "5stems"]
)
def test_thirteen_seconds_are_separated_to_the_sample(models, song, names):
    piece = song.with_samples(np.resize(song.samples, (2, 44_100 * 13)))
    stems = load_original(models, len(names)).separate(piece, sums_to_song=False)
    assert tuple(stems) == names
    for stem in stems.values():
        assert stem.samples.shape == piece.samples.shape
        assert 0.01 < np.std(stem.samples) / np.std(piece.samples) < 1.0


@pytest.mark.slow
def test_the_stems_sum_to_the_band_that_the_network_processes(original, song):
    """Up to 11 kHz nothing is lost, and above it there is nothing; also where two segments meet, at 11.8 s."""
    piece = song.with_samples(np.resize(song.samples, (2, 44_100 * 14)))
    stems = original.separate(piece, sums_to_song=False)
    total, whole = (
        np.abs(np.fft.rfft(samples * np.hanning(piece.frames)))
        for samples in (stems["vocals"].samples + stems["accompaniment"].samples, piece.samples)
    )
    hertz = np.fft.rfftfreq(piece.frames, 1 / 44_100)
    low, high = hertz < 10_900, hertz > 11_200
    np.testing.assert_allclose(total[:, low], whole[:, low], atol=1e-4 * whole.max())
    assert np.linalg.norm(total[:, high]) < 0.01 * np.linalg.norm(whole[:, high])


@pytest.mark.slow
def test_windows_give_identical_stems_to_the_whole_song(original, minute):
    whole = original.separate_at_once(minute.samples)
    for name, stem in original.separate(minute, sums_to_song=False).items():
        np.testing.assert_allclose(stem.samples, whole[name], atol=1e-6)


@pytest.mark.slow
def test_treble_reaches_to_sixteen_kilohertz(models, song):
    piece = song.slice(0, 44_100 * 5)
    hertz = np.fft.rfftfreq(piece.frames, 1 / 44_100)
    between = (hertz > 11_200) & (hertz < 16_000)
    levels = {}
    for treble in (False, True):
        stems = load_original(models, 2, treble).separate(piece, sums_to_song=False).values()
        levels[treble] = np.linalg.norm(np.fft.rfft(sum(stem.samples for stem in stems))[:, between])
    assert levels[True] > 30 * levels[False]


@pytest.mark.slow
def test_mono_at_another_rate_comes_back_as_such(original, song):
    piece = song.slice(0, 200_001).to_mono().resample(22_050)
    stems = original.separate(piece)
    assert {(stem.samples.shape, stem.sample_rate) for stem in stems.values()} == {(piece.samples.shape, 22_050)}


@pytest.mark.slow
def test_after_a_stop_the_next_song_is_served(original, minute, song):
    def stop_late(fraction, message):
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        original.separate(minute, progress=stop_late)
    assert original.separate(song.slice(0, 1))["vocals"].frames == 1


@pytest.mark.slow
def test_weights_of_another_size_are_refused_with_a_reason(models):
    """The small networks that are kept beside the tests are not what the original's own settings describe."""
    with pytest.raises(UserError, match="The original Spleeter failed: InvalidArgumentError"):
        load_original(TINY, 2).separate_at_once(sound(0))


@pytest.mark.parametrize(
    ("device", "visible", "expected"),
    [("cpu", "", "-1"), ("cuda", "", None), ("cuda:1", "", "1"), ("cuda:1", "4,7", "7"), ("mps", "", "-1")],
)
def test_it_sees_only_the_chosen_device(monkeypatch, device, visible, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert list_visible_devices(device).get("CUDA_VISIBLE_DEVICES") == expected
