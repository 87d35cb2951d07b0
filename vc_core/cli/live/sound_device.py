"""Microphone and loudspeaker through PortAudio (package `sounddevice`)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vc_core.errors import UserError

Signal = npt.NDArray[np.float32]
INSTALL = "vc-core[live]"


@dataclass(frozen=True)
class DeviceChoice:
    """Numbers from `vc live --devices`; None for the system's own."""

    input: int | None = None
    output: int | None = None
    channel: int = 1
    """Of the input."""


def _load_portaudio() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise UserError(
            "The package sounddevice is missing here. Install it: pip install '{package}'.", package=INSTALL
        ) from error
    except OSError as error:  # its wheels for Linux come without the library
        raise UserError(
            "PortAudio is missing here. Install it: apt install libportaudio2, or the like of your system."
        ) from error
    return sounddevice


def list_devices() -> list[tuple[int, str, int, int]]:
    """Number, name, input channels and output channels of each device."""
    found = enumerate(_load_portaudio().query_devices())
    return [(number, str(one["name"]), one["max_input_channels"], one["max_output_channels"]) for number, one in found]


def choose_sample_rate(devices: DeviceChoice) -> int:
    """The usual one of the output."""
    portaudio = _load_portaudio()
    try:
        return int(portaudio.query_devices(devices.output, "output")["default_samplerate"])
    except (portaudio.PortAudioError, ValueError) as error:
        raise _make_device_error(error) from error


@contextmanager
def open_duplex(
    devices: DeviceChoice,
    sample_rate: int,
    block_frames: int,
    process: Callable[[Signal], Signal],
    report_xrun: Callable[[], None],
) -> Iterator[float]:
    """While it is open, `process` turns each block of the microphone into one for the loudspeaker.

    Yields the delay that the devices add, in seconds.
    """
    portaudio = _load_portaudio()

    def call(inputs: Signal, outputs: Signal, frames: int, times: Any, status: Any) -> None:
        if status:
            report_xrun()
        outputs[:] = process(np.ascontiguousarray(inputs[:, devices.channel - 1]))[:, None]

    try:
        stream = portaudio.Stream(
            samplerate=sample_rate, blocksize=block_frames, device=(devices.input, devices.output),
            channels=(devices.channel, 1), dtype="float32", latency="low", callback=call,
        )  # fmt: skip
    except (portaudio.PortAudioError, ValueError) as error:
        raise _make_device_error(error) from error
    with stream:
        yield float(sum(stream.latency))


def _make_device_error(error: Exception) -> UserError:
    return UserError(
        "The sound devices could not be opened ({error}). Choose others: vc live --devices.", error=str(error)
    )
