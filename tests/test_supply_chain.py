"""What is installed: a lock with hashes that agrees with requirements.txt, its bill of materials, known licences."""

import importlib.metadata
import importlib.util
import json
import re
import sys

import pytest
from conftest import ROOT

ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?: ;[^\n]*?)?(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.M
)
EXACT = re.compile(r"^([\w.-]+)==(\S+)", re.M)


def test_every_package_of_the_lock_has_hashes_and_none_an_address():
    text = (ROOT / "requirements.lock").read_text("utf-8")
    entries = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert len(ENTRY.findall(text)) == len(entries) > 100
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_the_lock_has_what_requirements_txt_names():
    """After a change of requirements.txt: `make lock`."""
    locked = {
        entry["name"].lower(): entry["version"] for entry in ENTRY.finditer((ROOT / "requirements.lock").read_text())
    }
    wanted = {name.lower(): version for name, version in EXACT.findall((ROOT / "requirements.txt").read_text("utf-8"))}
    assert wanted
    assert {name.replace("_", "-"): version for name, version in wanted.items()}.items() <= locked.items()


def load_script(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def licences():
    return load_script("list_licences")


@pytest.fixture(scope="module")
def bill(licences):
    """As a program reads what the script prints."""
    return json.loads(json.dumps(load_script("list_parts").make_bill((ROOT / "requirements.lock").read_text("utf-8"))))


def test_the_bill_of_materials_has_all_of_the_lock(bill):
    entries = list(ENTRY.finditer((ROOT / "requirements.lock").read_text("utf-8")))
    listed = {part["name"]: part for part in bill["components"]}
    assert len(listed) == len(bill["components"]) == len(entries)
    for entry in entries:
        part = listed[entry["name"].lower().replace("_", "-")]
        hashes = [file["hashes"] for file in part["externalReferences"]]
        assert part["version"] == entry["version"]
        assert part["purl"] == f"pkg:pypi/{part['name']}@{entry['version']}"
        assert [one["content"] for (one,) in hashes] == re.findall("sha256:([0-9a-f]{64})", entry["hashes"])


def test_the_bill_of_materials_is_a_document_of_its_format(bill):
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    assert bill["metadata"]["component"]["version"] == importlib.metadata.version("vc-core")
    parts = {part["name"]: part for part in bill["components"]}
    assert parts["numpy"]["licenses"]
    assert "GPL-3.0" in parts["praat-parselmouth"]["licenses"][0]["license"]["name"]
    assert {"name": "voice-studio:marker", "value": "sys_platform == 'win32'"} in parts["colorama"]["properties"]
    installed = {re.sub(r"[-_.]+", "-", one.name).lower() for one in importlib.metadata.distributions()}
    assert [name for name, part in parts.items() if name in installed and not part.get("licenses")] == []


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True), ("Apache-2.0 OR BSD-2-Clause", True), ("GPL-3.0-only OR MIT", True), ("MIT AND PSF-2.0", True),
        ("Apache-2.0 AND Apache-2.0 WITH LLVM-exception AND BSL-1.0", True), ("", False), ("GPL-3.0-or-later", False),
        ("MIT AND GPL-3.0-only", False), ("GNU Affero General Public License v3", False), ("Proprietary", False),
    ],
)  # fmt: skip
def test_licences_are_read_as_expressions(licences, licence, allowed):
    assert licences.is_allowed(licence) is allowed


def test_all_installed_packages_are_allowed_or_named(licences, capsys):
    licences.main()
    listed = capsys.readouterr().out
    assert re.search(r"^praat-parselmouth .* GPL-3", listed, re.M)
    assert "torch " in listed


def test_the_readme_names_what_is_under_the_gpl():
    licence = (ROOT / "README.md").read_text("utf-8").split("## Licence")[1]
    for name in ("praat-parselmouth", "espeak-ng", "x264", "GPL-3"):
        assert name in licence
