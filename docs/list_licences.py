"""The licences of all packages that the app installs, and whether each is allowed: `make licences`.

It follows requirements.txt through the metadata of what is installed. An unknown licence, or one that asks for more
than its notice, ends it with an error: look at it, then name the package below with what follows from it.
"""

import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
ALLOWED = re.compile(
    r"(0BSD|Apache( Software License|-2\.0|[ -]2\.0 License)|BSD( License|-[23]-Clause)?|3-Clause BSD License"
    r"|BSL-1\.0|CC0-1\.0|CC0 1\.0 Universal \(CC0 1\.0\) Public Domain Dedication|CNRI-Python"
    r"|ISC( License \(ISCL\))?|LLVM-exception|MIT( License|-0|-CMU)?|PSF-2\.0|Python Software Foundation License"
    r"|The Unlicense \(Unlicense\)|Unlicense|Zlib)"
)
"""Licences that ask for their notice to be kept, and no more."""
NAMED = {
    "certifi": "MPL-2.0: a list of certificates, unchanged",
    "espeakng-loader": "GPL-3.0-or-later: espeak-ng and its data, called through ctypes; the README says so",
    "pebble": "LGPL: imported by so-vits-svc-fork",
    "orjson": "MPL-2.0 and Apache-2.0 or MIT: unchanged",
    "praat-parselmouth": "GPL-3.0-or-later: required by so-vits-svc-fork; for one pitch method; the README says so",
    "pysimplegui-4-foss": "LGPL-3.0-or-later: required by so-vits-svc-fork, never imported",
    "pyworld": "MIT, which its metadata leaves out",
    "soxr": "LGPL-2.1-or-later: a shared library, unchanged",
    "tqdm": "MPL-2.0 and MIT: unchanged",
    "tqdm-joblib": "CC-BY-SA-4.0: required by so-vits-svc-fork, unchanged",
}
NAMED_PARTS = {"av": "FFmpeg (LGPL-3.0-or-later), x264 and x265 (GPL-2.0-or-later) are inside; the README says so"}
"""Packages whose own licence is allowed, and which contain other programs."""


def list_packages() -> Iterator[importlib.metadata.Distribution]:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    waiting = [Requirement(line) for line in (text.split("#")[0].strip() for text in lines) if line]
    seen = set()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop().name).lower()
        if name in seen:
            continue
        seen.add(name)
        package = importlib.metadata.distribution(name)
        yield package
        wanted = map(Requirement, package.requires or ())
        waiting += [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]


def read_licence(package: importlib.metadata.Distribution) -> str:
    found = package.metadata
    if expression := found.get("License-Expression"):
        return str(expression)
    classifiers = [str(line) for line in found.get_all("Classifier") or () if str(line).startswith("License ::")]
    names = [line.split(" :: ")[-1] for line in classifiers if not line.endswith(("OSI Approved", "DFSG approved"))]
    return " AND ".join(names) or str(found.get("License") or "").split("\n")[0][:60]


def is_allowed(licence: str) -> bool:
    """Of a choice, one licence is enough; of several parts, all must be allowed."""
    parts = re.split(r" AND | WITH ", licence.replace("(Apache-2.0 OR MIT)", "MIT"))
    return all(any(ALLOWED.fullmatch(choice.strip()) for choice in part.split(" OR ")) for part in parts)


def main() -> None:
    faults = []
    for package in sorted(list_packages(), key=lambda one: one.name.lower()):
        name, licence = re.sub(r"[-_.]+", "-", package.name).lower(), read_licence(package)
        sys.stdout.write(f"{name:24} {package.version:14} {NAMED.get(name, licence)}\n")
        if name in NAMED_PARTS:
            sys.stdout.write(f"{'':39} {NAMED_PARTS[name]}\n")
        if name not in NAMED and not is_allowed(licence):
            faults.append(f"{name}: {licence or 'no licence given'}")
    if faults:
        raise SystemExit("Neither allowed nor named in docs/list_licences.py:\n" + "\n".join(faults))


if __name__ == "__main__":
    main()
