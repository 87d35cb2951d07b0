"""Indexes of faiss are read and written without faiss, and searched as faiss searches them; lies are refused."""

import struct
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import ROOT
from conversion.rvc_maker import features_of
from conversion.rvc_oracle import IS_INSTALLED, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from measures import snr_db

from vc_core.conversion.rvc.exporting import build_index
from vc_core.conversion.rvc.files import INDEX_FILE
from vc_core.conversion.rvc.index_file import HEADER, FeatureIndex, read_index, write_index
from vc_core.conversion.rvc.retrieval import load_retrieval, save_retrieval
from vc_core.errors import UserError

GENUINE = ROOT / "tests" / "data" / "rvc" / "v1.index"
"""Written by faiss: 48 vectors of 256 numbers in 4 lists."""
WIDTH, LISTS, COUNT = 256, 4, 48
AT = {"label": 0, "width": 4, "count": 8, "metric": 33, "lists": 37, "probes": 45, "quantiser": 53, "inner": 57}
AT |= {"floats": AT["inner"] + HEADER.size}
AT |= {"map": AT["floats"] + 8 + 4 * LISTS * WIDTH}
AT |= {"ilar": AT["map"] + 9, "ilar_lists": AT["map"] + 13, "code_size": AT["map"] + 21, "full": AT["map"] + 29}
AT |= {"sizes": AT["full"] + 12}


def test_a_genuine_index_is_read():
    index = read_index(GENUINE)
    assert index.vectors.shape == (COUNT, WIDTH)
    assert index.centroids.shape == (LISTS, WIDTH)
    assert (index.sizes.sum(), index.probes) == (COUNT, 2)
    # Each vector is in the list of its nearest centroid.
    nearest = np.linalg.norm(index.vectors[:, None] - index.centroids[None], axis=2).argmin(axis=1)
    assert (nearest == np.repeat(np.arange(LISTS), index.sizes)).all()
    known = features_of(COUNT, WIDTH, seed=4)
    assert {row.tobytes() for row in index.vectors} == {row.tobytes() for row in known.astype(np.float32)}


def test_what_is_written_is_read_again(tmp_path):
    index = build_index(torch.from_numpy(features_of(400, 768)).float())
    write_index(tmp_path / "a.index", index)
    again = read_index(tmp_path / "a.index")
    for name in ("vectors", "centroids", "sizes", "probes"):
        np.testing.assert_array_equal(getattr(again, name), getattr(index, name))


def test_an_array_of_all_vectors_is_read(tmp_path):
    features = features_of(70, 768).astype(np.float32)
    np.save(tmp_path / "total_fea.npy", features)
    index = read_index(tmp_path / "total_fea.npy")
    np.testing.assert_array_equal(index.vectors, features)
    assert list(index.sizes) == [70]


def retrieve_by_hand(index: FeatureIndex, queries: np.ndarray) -> np.ndarray:
    """As RVC's pipeline describes it, over all vectors of the probed lists."""
    lists = np.repeat(np.arange(len(index.centroids)), index.sizes)
    results = []
    for query in queries.astype(np.float64):
        probed = np.argsort(np.square(index.centroids - query).sum(axis=1))[: index.probes]
        inside = np.isin(lists, probed)
        squares = np.square(index.vectors[inside] - query).sum(axis=1)
        order = np.argsort(squares)[:8]
        weights = np.square(1 / squares[order])
        results.append((weights / weights.sum()) @ index.vectors[inside][order])
    return np.array(results)


@pytest.mark.parametrize("probes", [1, 3])
def test_frames_move_to_their_eight_nearest(tmp_path, monkeypatch, probes):
    monkeypatch.setattr("vc_core.conversion.rvc.retrieval.BLOCK_ROWS", 16)
    index = replace(build_index(torch.from_numpy(features_of(400, 768)).float()), probes=probes)
    save_retrieval(tmp_path, index)
    queries = features_of(30, 768, seed=1).astype(np.float32)
    made = load_retrieval(tmp_path, 768, "cpu").retrieve(torch.from_numpy(queries))
    assert snr_db(retrieve_by_hand(index, queries), made.numpy()) > 100


def test_a_frame_of_the_recordings_is_its_own_neighbour(tmp_path):
    index = build_index(torch.from_numpy(features_of(100, 256)).float())
    save_retrieval(tmp_path, index)
    frames = torch.from_numpy(index.vectors[:5].copy())
    assert torch.allclose(load_retrieval(tmp_path, 256, "cpu").retrieve(frames), frames, atol=1e-4)


def test_a_list_with_fewer_than_eight_or_none_is_no_fault(tmp_path):
    vectors = features_of(3, 256).astype(np.float32)
    centroids = np.stack([vectors.mean(axis=0), np.full(256, 50.0, np.float32)]).astype(np.float32)
    save_retrieval(tmp_path, FeatureIndex(vectors, centroids, np.array([3, 0])))
    loaded = load_retrieval(tmp_path, 256, "cpu")
    near, far = torch.from_numpy(vectors[:1] + 0.1), torch.full((1, 256), 50.0)
    assert torch.isfinite(loaded.retrieve(near)).all()
    assert not torch.equal(loaded.retrieve(near), near)
    assert torch.equal(loaded.retrieve(far), far)


@pytest.mark.parametrize("change", [{"sizes": torch.tensor([40, 9])}, {"probes": torch.tensor([9])}, {"vectors": None}])
def test_a_changed_index_of_a_voice_is_refused(tmp_path, change):
    from safetensors.torch import load_file, save_file

    save_retrieval(tmp_path, build_index(torch.from_numpy(features_of(100, 256)).float()))
    tensors = load_file(tmp_path / INDEX_FILE) | change
    save_file({name: value for name, value in tensors.items() if value is not None}, tmp_path / INDEX_FILE)
    with pytest.raises(UserError, match="index of this voice is broken"):
        load_retrieval(tmp_path, 256, "cpu")


# Hostile indexes


def patched(*patches: tuple[str, bytes]) -> bytes:
    content = bytearray(GENUINE.read_bytes())
    for where, value in patches:
        content[AT[where] : AT[where] + len(value)] = value
    return bytes(content)


def u64(number: int) -> bytes:
    return struct.pack("<Q", number % 2**64)


HUGE = 2**62
FAULTS = {
    "empty": (b"", "ends early"),
    "four bytes": (b"IwFl", "ends early"),
    "a header only": (GENUINE.read_bytes()[:37], "ends early"),
    "half": (GENUINE.read_bytes()[:30_000], "ends early"),
    "a byte short": (GENUINE.read_bytes()[:-1], "ends early"),
    "a byte long": (GENUINE.read_bytes() + b"\0", "more bytes"),
    "product quantisation": (patched(("label", b"IwPQ")), "IwPQ"),
    "pre-transform": (patched(("label", b"IxPT")), "IxPT"),
    "noise": (bytes(range(256)) * 40, "of the kind"),
    "a pickle": (b"\x80\x04\x95" + b"x" * 100, "of the kind"),
    "another width": (patched(("width", struct.pack("<i", 512))), "512 features"),
    "a negative width": (patched(("width", struct.pack("<i", -256))), "-256 features"),
    "a billion vectors": (patched(("count", u64(10**9))), "vectors"),
    "negative vectors": (patched(("count", u64(-5))), "vectors"),
    "another metric": (patched(("metric", struct.pack("<i", 0))), "another metric"),
    "no lists": (patched(("lists", u64(0))), "0 lists"),
    "endless lists": (patched(("lists", u64(HUGE))), "lists"),
    "no probes": (patched(("probes", u64(0))), "0 probes"),
    "endless probes": (patched(("probes", u64(HUGE))), "probes"),
    "another quantiser": (patched(("quantiser", b"IHNf")), "IHNf"),
    "a quantiser of another width": (patched(("inner", struct.pack("<i", 768))), "another size"),
    "endless floats": (patched(("floats", u64(HUGE))), "another size"),
    "floats that wrap around": (patched(("floats", u64(2**62 + LISTS * WIDTH))), "another size"),
    "an endless map": (patched(("map", b"\1" + u64(HUGE))), "ends early"),
    "an unknown map": (patched(("map", b"\7")), "direct map"),
    "lists of another kind": (patched(("ilar", b"ilod")), "ilod"),
    "lists of another code": (patched(("code_size", u64(8))), "another size"),
    "sizes of another kind": (patched(("full", b"none")), "none"),
    "a list of 2^63": (patched(("sizes", u64(2**63))), "another size"),
    "sizes that wrap around": (patched(("sizes", u64(-1) + u64(COUNT + 1) + u64(0) + u64(0))), "another size"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_hostile_index_is_refused_by_one_sentence(tmp_path, fault):
    content, sentence = FAULTS[fault]
    (tmp_path / "added.index").write_bytes(content)
    with pytest.raises(UserError, match=f"“added.index” is not an index that can be read .*{sentence}"):
        read_index(tmp_path / "added.index")


def test_numbers_twice_and_values_that_are_none_are_refused(tmp_path):
    content = bytearray(GENUINE.read_bytes())
    content[-8:] = content[-16:-8]
    (tmp_path / "twice.index").write_bytes(content)
    with pytest.raises(UserError, match="numbered wrongly"):
        read_index(tmp_path / "twice.index")
    index = read_index(GENUINE)
    vectors = index.vectors.copy()
    vectors[7, 3] = np.nan
    write_index(tmp_path / "nan.index", replace(index, vectors=vectors))
    with pytest.raises(UserError, match="not numbers"):
        read_index(tmp_path / "nan.index")


def test_an_index_that_was_only_trained_is_refused(tmp_path):
    index = read_index(GENUINE)
    write_index(tmp_path / "trained.index", replace(index, vectors=index.vectors[:0], sizes=index.sizes * 0))
    with pytest.raises(UserError, match="begins with “added”"):
        read_index(tmp_path / "trained.index")


class Payload:
    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        import os

        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("array", ["objects", "integers", "narrow", "cube", "short"])
def test_a_hostile_array_is_refused_and_never_run(tmp_path, array):
    path, ran = tmp_path / "total_fea.npy", tmp_path / "ran"
    arrays = {
        "objects": np.array([Payload(ran)], object),
        "integers": np.zeros((9, 256), np.int64),
        "narrow": np.zeros((9, 255), np.float32),
        "cube": np.zeros((3, 3, 256), np.float32),
        "short": np.zeros((9, 256), np.float32),
    }
    np.save(path, arrays[array], allow_pickle=True)
    if array == "short":
        path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(UserError, match="not an index that can be read"):
        read_index(path)
    assert not ran.exists()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 4500), value=st.binary(min_size=1, max_size=9))
def test_any_damage_is_read_or_refused(tmp_path, at, value):
    content = bytearray(GENUINE.read_bytes())
    content[at : at + len(value)] = value
    (tmp_path / "any.index").write_bytes(content)
    with suppress(UserError):
        assert read_index(tmp_path / "any.index").vectors.shape == (COUNT, WIDTH)


@pytest.mark.slow
@pytest.mark.skipif(not IS_INSTALLED, reason="there is no faiss here: make rvc-env")
def test_faiss_reads_what_is_written_and_finds_the_same(tmp_path):
    index = build_index(torch.from_numpy(features_of(900, 768)).float())
    write_index(tmp_path / "ours.index", index)
    queries = index.vectors[::45] + 0.1 * np.random.default_rng(1).standard_normal((20, 768), np.float32)
    np.save(tmp_path / "queries.npy", queries)
    run("search", tmp_path / "ours.index", tmp_path / "queries.npy", tmp_path / "found.npy")
    save_retrieval(tmp_path, index)
    ours = load_retrieval(tmp_path, 768, "cpu").retrieve(torch.from_numpy(queries))
    assert snr_db(np.load(tmp_path / "found.npy"), ours.numpy()) > 100
