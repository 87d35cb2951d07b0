"""From opening the page to an answered click on a tab, in Chromium, in turns with a minimal Gradio app.

    python bench/page_start.py [--turns 5] [--other ADDRESS]

Most of it is Gradio's own script in the browser, which compares each component with each event. Its processor time is
in the table too: it depends less on what else this machine does. `--other` adds a server that runs, for example one of
an older version.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from measure import ROOT, machine
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PATIENCE_MS = 180_000
SMALLEST = """
import gradio as gr
with gr.Blocks() as demo:
    with gr.Tab("One"):
        gr.Textbox()
    with gr.Tab("Two"):
        gr.Textbox()
demo.launch()
"""


@contextmanager
def serving(arguments: list[str]) -> Iterator[str]:
    """The address of a Python program that serves a page, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "CI": "1"}
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        while process.poll() is None:
            try:
                urllib.request.urlopen(address).read()
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        process.kill()
        process.wait()


def open_page(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds until the click is answered, and processor seconds of the page's main thread until then."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable")
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    tab = page.get_by_role("tab").nth(1)
    tab.click()
    page.locator("[role=tab][aria-selected=true]", has_text=tab.inner_text()).first.wait_for()
    seconds = time.perf_counter() - started
    metrics = {metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]}
    context.close()
    return seconds, metrics["ThreadTime"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--other", help="address of another server")
    options = parser.parse_args()
    print(machine(), end="\n\n")
    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        pages = {
            "Voice Studio": stack.enter_context(serving(["app.py"])),
            "smallest Gradio app": stack.enter_context(serving(["-c", SMALLEST])),
        }
        if options.other:
            pages["other"] = options.other
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for address in pages.values():
            open_page(browser, address)  # warm up
        times = {name: [] for name in pages}
        for _ in range(options.turns):
            for name, address in pages.items():
                times[name].append(open_page(browser, address))
        browser.close()
    own = times["Voice Studio"]
    print("| | median seconds to an answered click | of the processor | Voice Studio to it |\n|---|---|---|---|")
    for name, measured in times.items():
        seconds, busy = (statistics.median(column) for column in zip(*measured, strict=True))
        ratio = statistics.median(ours[0] / others[0] for ours, others in zip(own, measured, strict=True))
        print(f"| {name} | {seconds:.1f} | {busy:.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
