"""Latency of live singing in the page: Chromium sings a file into the app of this machine.

    python -m bench.live_page

What the page's audio graph captures and what it plays are recorded on the same clock. Their delay is where the
cross-correlation of their envelopes is highest. The latency of sound devices comes on top: Chromium's estimate for its
fake ones is in the page's figure.
"""

import argparse
import base64
import os
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import Page, sync_playwright

from vc_core.files.reading import read_audio
from vc_core.ui.suite import build_suite, launch
from vc_core.ui.tabs.live_voice import LOOK_AHEADS
from vc_core.ui.words import translate_to

ROOT = Path(__file__).parents[1]
CHROMIUM = "/usr/bin/chromium"
WARM_UP_SECONDS = 10
"""Until the jitter buffer has found its length."""
MAX_DELAY_SECONDS = 1.0
TAP = """
class Tap extends AudioWorkletProcessor {
  process([input]) {
    if (input.length === 2) this.port.postMessage(input.map((channel) => channel.slice()))
    return true
  }
}
registerProcessor("tap", Tap)
"""
RECORD = """async ([tap, seconds]) => {
  const { context, source, gain } = document.querySelector("[data-live=box]").live
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([tap], { type: "text/javascript" })))
  const node = new AudioWorkletNode(context, "tap", { channelCount: 2, channelCountMode: "explicit" })
  const merger = new ChannelMergerNode(context, { numberOfInputs: 2 })
  source.connect(merger, 0, 0)
  gain.connect(merger, 0, 1)
  merger.connect(node)
  const quanta = []
  node.port.onmessage = ({ data }) => quanta.push(data)
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds))
  node.port.onmessage = null
  const encode = (channel) => {
    const bytes = new Uint8Array(new Blob(quanta.map((quantum) => quantum[channel])).size)
    quanta.forEach((quantum, at) => bytes.set(new Uint8Array(quantum[channel].buffer), 512 * at))
    let text = ""
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768))
    return btoa(text)
  }
  return [encode(0), encode(1), context.sampleRate]
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    seconds = parser.parse_args().seconds
    os.environ["CI"] = "1"
    suite = build_suite(["convert_singer"])
    address = launch(suite)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        mouth = Path(folder) / "mouth.wav"
        song = read_audio(ROOT / "examples" / "sung_line.flac").to_mono().resample(48_000)
        soundfile.write(mouth, song.samples[0], 48_000, subtype="PCM_16")
        microphone = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={mouth}"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *microphone])
        page = browser.new_context(permissions=["microphone"], locale="en-US").new_page()
        page.goto(address, timeout=120_000)
        page.locator("#live button").first.click()
        page.locator("[data-live=box][data-state=idle]").wait_for(timeout=60_000)
        print("| delay | measured | page: conversion | network | total, with devices | dropouts |")
        print("|---|---|---|---|---|---|")
        for name in LOOK_AHEADS:
            print(measure(page, translate_to("en", f"look_ahead_{name}"), seconds))
        browser.close()
    suite.close()
    print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def measure(page: Page, delay: str, seconds: float) -> str:
    page.locator("#look-ahead input").click()
    page.get_by_role("option", name=delay, exact=True).click()
    page.locator("[data-live=start]").click()
    page.locator("[data-live=box][data-state=live]").wait_for(timeout=60_000)
    page.wait_for_timeout(1000 * WARM_UP_SECONDS)
    gaps_before = int(read(page, "gaps"))
    *sounds, sample_rate = page.evaluate(RECORD, [TAP, seconds])
    captured, played = (np.frombuffer(base64.b64decode(sound), np.float32) for sound in sounds)
    figures = [read(page, name) for name in ("engine", "network", "total")]
    gaps = int(read(page, "gaps")) - gaps_before
    page.locator("[data-live=start]").click()
    page.locator("[data-live=box][data-state=idle]").wait_for(timeout=60_000)
    measured = find_delay(captured, played, int(sample_rate))
    return f"| {delay} | {1000 * measured:.0f} ms | {' | '.join(figures)} | {gaps} in {seconds:g} s |"


def read(page: Page, name: str) -> str:
    return page.locator(f"[data-live={name}]").inner_text()


def find_delay(captured: np.ndarray, played: np.ndarray, sample_rate: int) -> float:
    """Seconds by which `played` follows `captured`."""
    hop, window = sample_rate // 1000, sample_rate // 200
    first, second = (compute_envelope(sound, window, hop) for sound in (captured, played))
    lags = range(round(MAX_DELAY_SECONDS * sample_rate / hop))
    scores = [np.corrcoef(first[: len(first) - lag], second[lag:])[0, 1] for lag in lags]
    return float(np.argmax(scores)) * hop / sample_rate


def compute_envelope(sound: np.ndarray, window: int, hop: int) -> np.ndarray:
    """Level in dB."""
    power = np.convolve(sound.astype(np.float64) ** 2, np.ones(window) / window, "valid")[::hop]
    return np.asarray(10 * np.log10(power + 1e-6))


if __name__ == "__main__":
    main()
