"""The bill of materials of requirements.lock, as CycloneDX 1.6: `python docs/list_parts.py > bom.json`.

Names, versions, hashes and the systems that need a package are those of the lock. Licences come from the metadata of
what is installed: a package of another system has none here.
"""

import hashlib
import importlib.metadata
import json
import re
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from list_licences import NAMED, NAMED_PARTS, read_licence

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
PROJECT = "vc-core"
ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\\n]+?))?(?P<rest>(?: \\\n +\S+)*)$", re.M
)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    marker: str
    """The systems and versions of Python that need it; empty for all."""
    hashes: tuple[str, ...]
    """SHA-256 of each of its files on PyPI."""

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def read_lock(text: str) -> Iterator[Package]:
    for entry in ENTRY.finditer(text):
        name = re.sub(r"[-_.]+", "-", entry["name"]).lower()
        yield Package(name, entry["version"], (entry["marker"] or "").strip(), tuple(HASH.findall(entry["rest"])))


def describe(package: Package) -> dict[str, Any]:
    """A component; a package has a file for each system, so its hashes are those of distributions, not of one file."""
    files = [
        {"type": "distribution", "url": f"https://pypi.org/project/{package.name}/{package.version}/",
         "hashes": [{"alg": "SHA-256", "content": digest}]}
        for digest in package.hashes
    ]  # fmt: skip
    properties = {"voice-studio:marker": package.marker, "voice-studio:contains": NAMED_PARTS.get(package.name, "")}
    component = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "externalReferences": files,
        "properties": [{"name": name, "value": value} for name, value in properties.items() if value],
    }
    if licence := find_licence(package.name):
        component["licenses"] = [{"license": {"name": licence}}]
    return component


def find_licence(name: str) -> str:
    """Empty for a package that is not installed here."""
    try:
        return NAMED.get(name) or read_licence(importlib.metadata.distribution(name))
    except importlib.metadata.PackageNotFoundError:
        return NAMED.get(name, "")


def make_bill(lock: str) -> dict[str, Any]:
    """The same for the same lock, but for the licences."""
    serial = uuid.UUID(hashlib.sha256(lock.encode()).hexdigest()[:32], version=4)
    version = importlib.metadata.version(PROJECT)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": PROJECT, "name": PROJECT, "version": version}},
        "components": [describe(package) for package in read_lock(lock)],
    }


def main() -> None:
    json.dump(make_bill(LOCK.read_text("utf-8")), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
