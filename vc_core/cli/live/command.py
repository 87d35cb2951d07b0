"""`vc live`: sing into the microphone and hear the other voice; or measure the same with a file."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.live import Live
from rich.table import Table

from vc_core.audio import Audio
from vc_core.cli.console import err, print_file, show_errors, show_result
from vc_core.cli.live.sound_device import DeviceChoice, choose_sample_rate, list_devices, open_duplex
from vc_core.cli.options import with_options
from vc_core.cli.scripting.output_file import choose_output_file
from vc_core.cli.scripting.report import get_report
from vc_core.cli.voices import open_library
from vc_core.conversion import ConversionOptions, load_converter, prepare_converter
from vc_core.conversion.live import LiveSettings, open_live
from vc_core.conversion.streaming.equal_blocks import EqualBlocks, LiveStatistics
from vc_core.device import choose_device
from vc_core.errors import Message, UserError
from vc_core.files.provenance import Provenance
from vc_core.files.reading import read_audio
from vc_core.files.results import check_apart
from vc_core.files.writing import FORMATS, write_audio
from vc_core.options import check_options, option
from vc_core.voices.library import Voice

METER_DB, METER_CELLS = 60.0, 30
METER_SECONDS = 0.1
FORMAT = "wav24"
FRAME_RATE = 100
"""Instant voices render at its multiples."""
OPTIONS = ("key_shift_semitones", "automatic_key", "formant_shift_semitones", "breath_db")


@dataclass(frozen=True, kw_only=True)
class LiveOptions:
    """Of the shell, in milliseconds."""

    voice: str = option("", Message("voice"), flag="--voice,-v", help="A name from `vc voices list`.")
    block: int = option(
        20, Message("block in milliseconds"), flag="--block", help="Milliseconds of each block, 10 to 40.",
        lowest=10, highest=40,
    )  # fmt: skip
    look_ahead: int = option(
        20, Message("look-ahead in milliseconds"), flag="--look-ahead",
        help="0, 20 or 40 milliseconds of future: more is clearer and later.", lowest=0, highest=40,
    )  # fmt: skip
    input: int = option(-1, Message("input"), flag="--input", help="Its number from --devices; -1: the system's own.")
    output: int = option(-1, Message("output"), flag="--output", help="Its number from --devices; -1: as above.")
    channel: int = option(1, Message("channel"), flag="--channel", help="Of the input.", lowest=1, highest=64)

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def devices(self) -> DeviceChoice:
        found, output = (None if one < 0 else one for one in (self.input, self.output))
        return DeviceChoice(found, output, self.channel)


@with_options(ConversionOptions, only=OPTIONS)
@with_options(LiveOptions, into="live_options")
def live(
    live_options: LiveOptions,
    options: ConversionOptions,
    devices: Annotated[bool, typer.Option("--devices", help="List the sound devices and stop.")] = False,
    loopback: Annotated[
        Path | None, typer.Option(help="Convert this file block by block instead, and measure; needs no device.")
    ] = None,
    out_file: Annotated[Path | None, typer.Option("--out", "-o", help="Where the sound of --loopback goes.")] = None,
) -> None:
    """Sing into the microphone and hear the other voice. Wear headphones; stop with Ctrl-C."""
    with show_errors():
        if devices:
            print_devices()
            return
        if not live_options.voice:
            raise UserError("Name a voice to {task} with: --voice NAME. `vc voices list` shows them.", task="live")
        voice = open_library().find(live_options.voice)
        if loopback:
            if out_file:
                check_apart(loopback, out_file.with_suffix(out_file.suffix or FORMATS[FORMAT].suffix))
            convert_file(read_audio(loopback).to_mono(), voice, live_options, options, out_file)
        else:
            convert_microphone(voice, live_options, options)


def print_devices() -> None:
    table, rows = Table("Number", "Device", "Inputs", "Outputs"), list_devices()
    for row in rows:
        table.add_row(*map(str, row))
    facts = [dict(zip(("number", "device", "inputs", "outputs"), row, strict=True)) for row in rows]
    show_result(table, devices=facts)


def open_blocks(voice: Voice, live_options: LiveOptions, options: ConversionOptions, sample_rate: int) -> EqualBlocks:
    import torch  # late: it is slow to import

    # One thread is enough, and the fastest for such small blocks.
    torch.set_num_threads(1)
    prepare_converter(voice)
    settings = LiveSettings(
        block_seconds=live_options.block / 1000,
        look_ahead_seconds=live_options.look_ahead / 1000,
        sample_rate=sample_rate,
    )
    return EqualBlocks(open_live(load_converter(voice, choose_device()), options, settings))


def convert_microphone(voice: Voice, live_options: LiveOptions, options: ConversionOptions) -> None:
    devices = live_options.devices
    sample_rate = choose_sample_rate(devices)
    blocks = open_blocks(voice, live_options, options, sample_rate)
    statistics, frames = blocks.statistics, blocks.block_frames
    with open_duplex(devices, sample_rate, frames, blocks.process, statistics.count_xrun) as device_seconds:
        err.print(f"{voice.name}: Ctrl-C stops. Wear headphones, or the voice feeds back.")
        with suppress(KeyboardInterrupt), Live(console=err, transient=True, auto_refresh=False) as screen:
            while True:
                screen.update(draw_meters(statistics, blocks.delay_seconds + device_seconds), refresh=True)
                time.sleep(METER_SECONDS)
    show_statistics(statistics, blocks.delay_seconds + device_seconds)


def draw_meters(statistics: LiveStatistics, delay_seconds: float) -> str:
    levels = {"in ": statistics.input_db, "out": statistics.output_db}
    rows = []
    for name, level_db in levels.items():
        cells = round(METER_CELLS * max(0.0, 1 + level_db / METER_DB))
        rows.append(f"{name} {'█' * min(cells, METER_CELLS):<{METER_CELLS}} {level_db:5.0f} dB")
    return "\n".join([*rows, describe(statistics, delay_seconds)])


def describe(statistics: LiveStatistics, delay_seconds: float) -> str:
    work_seconds = statistics.mean_work_seconds
    return (
        f"Delay {1000 * (delay_seconds + work_seconds):.0f} ms, of which computing {1000 * work_seconds:.0f} ms. "
        f"{statistics.blocks} blocks, {statistics.late_blocks} late, {statistics.xruns} xruns."
    )


def show_statistics(statistics: LiveStatistics, delay_seconds: float) -> None:
    if not get_report():
        err.print(describe(statistics, delay_seconds))
        return
    show_result(
        "",
        delay_seconds=delay_seconds + statistics.mean_work_seconds,
        work_seconds=statistics.mean_work_seconds,
        blocks=statistics.blocks,
        late_blocks=statistics.late_blocks,
        xruns=statistics.xruns,
    )


def convert_file(
    sound: Audio, voice: Voice, live_options: LiveOptions, options: ConversionOptions, out_file: Path | None
) -> None:
    """The output is as late as that of a device would be, whose own delay comes on top."""
    sample_rate = sound.sample_rate // FRAME_RATE * FRAME_RATE
    samples = sound.resample(sample_rate).samples[0]
    blocks = open_blocks(voice, live_options, options, sample_rate)
    frames, made = blocks.block_frames, []
    for start in range(0, len(samples), frames):
        made.append(blocks.process(np.pad(samples[start : start + frames], (0, max(0, start + frames - len(samples))))))
    show_statistics(blocks.statistics, blocks.delay_seconds)
    if out_file:
        single = choose_output_file(out_file, ["microphone"], FORMAT)
        format_name = single.format_name if single else FORMAT
        target = out_file.with_suffix(FORMATS[format_name].suffix)
        settings = {name: getattr(options, name) for name in OPTIONS}
        provenance = Provenance("live", voice.name, voice.card.engine, settings)
        write_audio(
            target, Audio(np.concatenate(made)[None], sample_rate), format_name=format_name, provenance=provenance
        )
        print_file(target)
