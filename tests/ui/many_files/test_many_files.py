"""Several files in one job: states, names, one bad file, Stop, retry, other sessions, a server that was restarted."""

import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, client_of
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from vc_core.batch.tasks import ConvertFile, SeparateFile
from vc_core.conversion import STARTER_VOICES
from vc_core.device import exclusive_device
from vc_core.files.reading import read_audio
from vc_core.files.writing import write_audio
from vc_core.progress import Cancelled, silent
from vc_core.recipes.separate import SeparationOptions
from vc_core.ui.many_files.panel import MAX_FILES
from vc_core.ui.many_files.table import FileRow, read_rows
from vc_core.ui.many_files.work import ManyFiles, pack
from vc_core.ui.server.clock import JobClock
from vc_core.ui.server.jobs import MAX_JOBS_PER_SESSION, InTurns, get_jobs
from vc_core.ui.suite import build_suite
from vc_core.voices.library import VoiceLibrary

REPET = SeparateFile(SeparationOptions(engine="repet", format_name="flac16"))


@pytest.fixture
def tunes(song, tmp_path):
    """Two songs of one second, one of them in Korean, and a file that is none."""
    for at, name in enumerate(("one.wav", "노래.wav")):
        write_audio(tmp_path / name, song.slice(at * 44_100, (at + 1) * 44_100), format_name="wav16")
    (tmp_path / "bad.mp3").write_text("no sound")
    return [tmp_path / name for name in ("one.wav", "bad.mp3", "노래.wav")]


def start(work, paths, results, owner=""):
    results.mkdir(exist_ok=True)
    many = ManyFiles(work, {"task": "test"}, results, [FileRow(str(path)) for path in paths], JobClock())
    values = {"panel": "test", "results": str(results)}
    return get_jobs().start(InTurns(many.run), owner=owner, values=values, clock=many.clock)


def wait_for_end(job):
    return list(get_jobs().follow(job))[-1]


def test_each_file_gets_its_results_named_after_it_and_a_bad_one_ends_no_other(client, tunes):
    results, archive, job = client.predict(
        files=[handle_file(path) for path in tunes], engine="repet", format_name="wav16", api_name="/many_separate"
    )
    by_name = {one["file"]: one for one in results}
    assert [by_name[path.name]["state"] for path in tunes] == ["done", "failed", "done"]
    assert "not a sound file" in by_name["bad.mp3"]["error"]
    expected = {f"{name}/{name} - {stem}.wav" for name in ("one", "노래") for stem in ("vocals", "accompaniment")}
    with zipfile.ZipFile(archive) as packed:
        assert set(packed.namelist()) == expected
    assert by_name["one.wav"]["results"] == ["one - vocals.wav", "one - accompaniment.wav"]
    assert len(job) == 32


def test_a_conversion_is_named_after_song_and_voice_and_found_by_its_job_elsewhere(studio, client, tunes, tmp_path):
    files = [handle_file(path) for path in (tunes[0], tunes[2])]
    *_, job = client.predict(files=files, voice="Annie", format_name="flac16", api_name="/many_convert")
    another = client_of(studio, tmp_path / "downloads")
    results, archive = another.predict(job=job, api_name="/many_result")
    assert [one["results"] for one in results] == [["one - annie.flac"], ["노래 - annie.flac"]]
    with zipfile.ZipFile(archive) as packed:
        assert sorted(packed.namelist()) == ["one - annie.flac", "노래 - annie.flac"]
        packed.extractall(tmp_path / "unpacked")
    assert read_audio(tmp_path / "unpacked" / "one - annie.flac").frames == 44_100
    with pytest.raises(AppError, match="no such job"):
        another.predict(job="f" * 32, api_name="/many_result")
    with pytest.raises(AppError, match="no such job"):
        another.predict(job="../../etc", api_name="/many_stop")


def test_emotions_are_added_to_all(client, tmp_path):
    line = read_audio(ROOT / "examples" / "spoken_line.flac")
    for name in ("a", "b"):
        write_audio(tmp_path / f"{name}.wav", line.slice(0, 44_100), format_name="wav16")
    files = [handle_file(tmp_path / f"{name}.wav") for name in ("a", "b")]
    results, *_ = client.predict(files=files, emotion="sad", intensity=0.5, api_name="/many_emotion")
    assert [one["results"] for one in results] == [["a - sad-50.flac"], ["b - sad-50.flac"]]


@pytest.mark.parametrize(
    ("values", "told"),
    [({"files": []}, "Choose the files"), ({"files": "many"}, f"At most {MAX_FILES}"), ({"voice": "Nobody"}, "Nobody")],
)
def test_what_is_no_request_is_one_sentence_before_any_job(client, tunes, tmp_path, values, told):
    if values.get("files") == "many":
        for at in range(MAX_FILES + 1):
            (tmp_path / f"{at}.wav").write_bytes(bytes([at]))
        values = {"files": [handle_file(tmp_path / f"{at}.wav") for at in range(MAX_FILES + 1)]}
    with pytest.raises(AppError, match=told):
        client.predict(**{"files": [handle_file(tunes[0])], **values}, api_name="/many_convert")


def test_stop_ends_a_job_within_three_seconds_and_what_is_done_stays(song, tmp_path):
    write_audio(tmp_path / "short.wav", song.slice(0, 44_100), format_name="wav16")
    long = song.with_samples(np.tile(song.samples, 20))
    for name in ("long", "later"):
        write_audio(tmp_path / f"{name}.wav", long, format_name="wav16")
    paths = [tmp_path / f"{name}.wav" for name in ("short", "long", "later")]
    job = start(SeparateFile(SeparationOptions(engine="starter")), paths, tmp_path / "results")
    end = time.monotonic() + 120
    while not any(row.state == "running" and row.name == "long.wav" for row in read_rows(job)):
        assert time.monotonic() < end
        time.sleep(0.05)
    asked = time.monotonic()
    get_jobs().stop(job)
    wait_for_end(job)
    assert time.monotonic() - asked < 3
    assert get_jobs().status(job).state == "stopped"
    assert [row.state for row in read_rows(job)] == ["done", "stopped", "stopped"]
    with exclusive_device(silent):  # the device is free again
        pass


def test_another_job_gets_the_device_between_two_files(tunes, tmp_path):
    paths = [tunes[0], tunes[2]]
    job = start(REPET, paths, tmp_path / "results")
    order = []

    def note() -> None:
        with exclusive_device(silent):
            order.append([row.state for row in read_rows(job)])

    while not read_rows(job) or read_rows(job)[0].state == "waiting":
        time.sleep(0.005)
    thread = threading.Thread(target=note)
    thread.start()
    wait_for_end(job)
    thread.join()
    assert [row.state for row in read_rows(job)] == ["done", "done"]
    assert len(order) == 1


def test_what_is_done_is_not_done_again_when_the_rest_is_retried(tunes, tmp_path):
    job = start(REPET, tunes, tmp_path / "results")
    wait_for_end(job)
    rows = read_rows(job)
    first = Path(rows[0].files[0])
    written = first.stat().st_mtime_ns
    tunes[1].write_bytes(tunes[0].read_bytes())  # mended
    again = [row if row.state == "done" else FileRow(row.source) for row in rows]
    many = ManyFiles(REPET, {"task": "test"}, tmp_path / "results", again, JobClock())
    job = get_jobs().start(InTurns(many.run), owner="", values={"results": str(tmp_path / "results")})
    wait_for_end(job)
    assert [row.state for row in read_rows(job)] == ["done", "done", "done"]
    assert first.stat().st_mtime_ns == written


def test_files_of_one_name_do_not_overwrite_each_other(song, tmp_path):
    paths = [tmp_path / folder / "tune.wav" for folder in ("a", "b")]
    for at, path in enumerate(paths):
        path.parent.mkdir()
        write_audio(path, song.slice(0, 22_050 * (at + 1)), format_name="wav16")
    voice = VoiceLibrary(tmp_path, shipped=[STARTER_VOICES]).find("Clara")
    job = start(ConvertFile(voice, format_name="flac16"), paths, tmp_path / "results")
    wait_for_end(job)
    rows = read_rows(job)
    assert [read_audio(Path(row.files[0])).frames for row in rows] == [22_050, 44_100]
    with zipfile.ZipFile(pack(rows, tmp_path / "results", "all")) as packed:
        assert sorted(packed.namelist()) == ["tune - clara.flac", "tune-2/tune - clara.flac"]


def test_a_job_of_a_server_that_was_restarted_shows_what_was_done(tunes, tmp_path, monkeypatch):
    job = start(REPET, tunes, tmp_path / "results")
    wait_for_end(job)
    monkeypatch.setattr("vc_core.ui.many_files.table.get_jobs", lambda: get_jobs.__wrapped__())
    assert [row.state for row in read_rows(job)] == ["done", "failed", "done"]


def test_jobs_of_several_files_count_as_jobs_of_the_session(song, tmp_path):
    write_audio(tmp_path / "long.wav", song.with_samples(np.tile(song.samples, 10)), format_name="wav16")
    jobs = [
        start(REPET, [tmp_path / "long.wav"], tmp_path / f"results-{at}", owner="ann")
        for at in range(MAX_JOBS_PER_SESSION)
    ]
    with pytest.raises(Exception, match="jobs at work"):
        start(REPET, [tmp_path / "long.wav"], tmp_path / "more", owner="ann")
    for job in jobs:
        get_jobs().stop(job)
    for job in jobs:
        wait_for_end(job)


def test_a_stop_is_no_error_of_a_file(tmp_path, tunes):
    from vc_core.batch.journal import Item, run_item

    def stop(item):
        raise Cancelled

    with pytest.raises(Cancelled):
        run_item(stop, Item(tunes[0], tmp_path))


@pytest.mark.parametrize("task", ["separate", "convert", "emotion", "cover"])
def test_several_files_take_every_setting_that_one_file_takes(task):
    endpoints = build_suite().get_api_info()["named_endpoints"]
    one, many = (endpoints[f"/{name}"]["parameters"] for name in (task, f"many_{task}"))
    settings = {parameter["parameter_name"] for parameter in one if parameter["component"] != "Audio"}
    assert settings
    assert settings == {parameter["parameter_name"] for parameter in many} - {"files"}
