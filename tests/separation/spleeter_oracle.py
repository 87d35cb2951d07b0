"""What the original Spleeter says: random networks in its own checkpoint format, and its stems of a known sound.

Run inside the environment that `make spleeter-env` makes; elsewhere only `known_sound` and `levels` are of use.

    .spleeter-env/bin/python tests/separation/spleeter_oracle.py fixtures tests/data/spleeter
    .spleeter-env/bin/python tests/separation/spleeter_oracle.py weights FOLDER 2
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

SAMPLE_RATE = 44_100
TINY_FILTERS = (2, 3, 3, 4, 4, 5)
"""Instead of 16 to 512: the same network, small enough to be kept beside the tests."""
STEMS = (2, 4, 5)
LOGIT_SPREAD = 1.0
"""Wide enough that masks differ everywhere, narrow enough that few of them are all or nothing."""

SPANS = {
    30_011: (0, 15_000, 29_883),
    560_123: (0, 260_000, 519_936, 520_192, 521_700, 523_200, 559_995),
}
"""Lengths of the known sound, and where pieces of the stems are kept: both ends, and the segments' border.

The second segment begins at 520,192, and its first spectrum overlaps the last of the first one until 523,264.
"""
SPAN_FRAMES = 128
LEVEL_FRAMES = 8_192
"""Between the pieces, the level of each block of this length is kept."""


def known_sound(frames):
    """Two channels of gliding tones and bursts of noise, always the same; shape (2, frames)."""
    draw = np.random.RandomState(2019)  # its numbers are frozen for all versions of NumPy
    times = np.arange(frames) / SAMPLE_RATE
    sound = np.zeros((2, frames))
    for hertz in (97.0, 221.0, 553.0, 1_310.0, 3_070.0, 7_900.0, 13_100.0):
        glide, pan = draw.uniform(0.1, 0.9, 2)
        wave = np.sin(2 * np.pi * hertz * times + 9 * np.sin(2 * np.pi * glide * times))
        sound += 0.05 * np.array([[pan], [1 - pan]]) * wave * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * glide * times))
    noise = draw.uniform(-1, 1, (2, 600_000))[:, :frames]
    bursts = np.exp(-6 * (times % 0.37)) + 0.05
    return (sound + 0.2 * noise * bursts).astype(np.float32)


def levels(samples):
    """Root mean squares of blocks, for each channel; the last block may be short."""
    starts = np.arange(0, samples.shape[1], LEVEL_FRAMES)
    lengths = np.diff(np.append(starts, samples.shape[1]))
    energy = np.add.reduceat(samples.astype(np.float64) ** 2, starts, axis=1)
    return np.sqrt(energy / lengths).astype(np.float32)


def write_fixtures(folder):
    """Tiny networks of each kind, and what the original Spleeter makes of the known sound with them."""
    for stems in STEMS:
        write_weights(folder, stems, TINY_FILTERS)
        for variant in (f"{stems}stems", f"{stems}stems-16kHz"):
            kept = {}
            for frames, starts in SPANS.items():
                for name, stem in separate(folder, variant, TINY_FILTERS, known_sound(frames)).items():
                    kept[f"{name}_{frames}"] = np.stack([stem[:, start : start + SPAN_FRAMES] for start in starts])
                    kept[f"{name}_{frames}_levels"] = levels(stem)
            np.savez_compressed(folder / f"{variant}.npz", **kept)


def configuration(folder, variant, filters):
    """The original's own settings, with fewer filters where asked for."""
    from spleeter.utils.configuration import load_configuration

    settings = load_configuration(f"spleeter:{variant}")
    settings["model_dir"] = str((folder / settings["model_dir"]).absolute())
    if filters:
        settings["model"]["params"]["conv_n_filters"] = list(filters)
    return settings


def separate(folder, variant, filters, samples):
    """The stems of samples (2, frames), by the original."""
    from spleeter.separator import Separator

    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(configuration(folder, variant, filters), file)
        file.flush()
        stems = Separator(file.name, multiprocess=False).separate(np.ascontiguousarray(samples.T))
    return {name: np.ascontiguousarray(stem.T) for name, stem in stems.items()}


def write_weights(folder, stems, filters=None):
    """A checkpoint of random weights, as the original would train and save it."""
    import tensorflow as tf
    from spleeter.model import EstimatorSpecBuilder

    settings = configuration(folder, f"{stems}stems", filters)
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        tf.keras.backend.set_learning_phase(0)
        # A constant would be worked out again in each run.
        sound = tf.compat.v1.placeholder_with_default(known_sound(200_000).T, (None, 2))
        EstimatorSpecBuilder({"waveform": sound, "audio_id": tf.constant("")}, settings).outputs  # noqa: B018
        tf.compat.v1.train.get_or_create_global_step()
        session.run(tf.compat.v1.global_variables_initializer())
        variables = {variable.op.name: variable for variable in tf.compat.v1.global_variables()}
        draw = np.random.RandomState(stems)
        for name, variable in sorted(variables.items()):
            if name != "global_step":
                variable.load(_random(name, variable.shape.as_list(), draw), session)
        for network in range(stems):
            _calibrate(network, graph, session, variables, draw)
        variables["global_step"].load(1_000_000, session)
        Path(settings["model_dir"]).mkdir(parents=True, exist_ok=True)
        saver = tf.compat.v1.train.Saver(variables, save_relative_paths=True)
        saver.save(session, f"{settings['model_dir']}/model", write_meta_graph=False)


def _random(name, shape, draw):
    kind = name.rpartition("/")[2]
    if kind in ("gamma", "moving_variance"):
        return draw.uniform(0.5, 1.5, shape)
    if kind != "kernel":
        return draw.normal(0, 0.2, shape)
    # A transposed kernel is (height, width, out, in), and each of its outputs hears a quarter of it.
    inputs = np.prod(shape[:2]) * shape[3] / 4 if "transpose" in name else np.prod(shape[:3])
    return draw.normal(0, np.sqrt(2 / inputs), shape)


def _calibrate(network, graph, session, variables, draw):
    """Statistics as training would find them, but not quite; and masks between all and nothing."""
    for index in range(12 * network, 12 * network + 12):
        layer = _numbered("batch_normalization", index)
        (normalise,) = (
            op for op in graph.get_operations() if op.type == "FusedBatchNormV3" and op.name.startswith(f"{layer}/")
        )
        inputs = session.run(normalise.inputs[0])
        for leaf, found in (("moving_mean", inputs.mean((0, 1, 2))), ("moving_variance", inputs.var((0, 1, 2)))):
            variables[f"{layer}/{leaf}"].load(found * draw.uniform(0.7, 1.4, found.shape), session)
    layer = _numbered("conv2d", 7 * network + 6)
    logits = session.run(graph.get_tensor_by_name(f"{layer}/BiasAdd:0"))
    low, middle, high = np.percentile(logits, (16, 50, 84))
    kernel, bias = (variables[f"{layer}/{leaf}"] for leaf in ("kernel", "bias"))
    scale = 2 * LOGIT_SPREAD / (high - low)
    kernel.load(session.run(kernel) * scale, session)
    bias.load((session.run(bias) - middle) * scale, session)


def _numbered(name, index):
    """As Keras names its layers."""
    return f"{name}_{index}" if index else name


if __name__ == "__main__":
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    task, folder, *rest = sys.argv[1:]
    if task == "fixtures":
        write_fixtures(Path(folder))
    else:
        write_weights(Path(folder), int(rest[0]))
