"""Start-up time of the suite until its first response, compared in turns with a minimal Gradio app."""

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

from measure import ROOT, machine

SMALLEST = """
import gradio as gr
gr.Interface(lambda text: text, "text", "text").launch()
"""
TURNS = 5


def seconds_to_answer(command: list[str]) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "CI": "1"}
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/config") as answer:
                    answer.read()
                return time.perf_counter() - started
            except OSError:
                time.sleep(0.02)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    print(machine(), end="\n\n")
    seconds_to_answer([sys.executable, "app.py"])  # warm up the disk cache
    suite, smallest = [], []
    for _ in range(TURNS):
        suite.append(seconds_to_answer([sys.executable, "app.py"]))
        smallest.append(seconds_to_answer([sys.executable, "-c", SMALLEST]))
    ratio = statistics.median(own / other for own, other in zip(suite, smallest, strict=True))
    print("| | median seconds to the first answer | from | to |\n|---|---|---|---|")
    for name, times in (("Voice Studio", suite), ("smallest Gradio app", smallest)):
        print(f"| {name} | {statistics.median(times):.1f} | {min(times):.1f} | {max(times):.1f} |")
    print(f"\nThe suite takes {ratio:.2f} times as long, turn by turn.")


if __name__ == "__main__":
    main()
