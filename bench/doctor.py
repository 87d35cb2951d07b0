"""How often the doctor names a fault that was made on purpose, and how often one that isn't there: 200 of each.

python bench/doctor.py [SETS OF EACH FAULT]
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from measure import ROOT, machine

sys.path.insert(0, str(ROOT))
from bench.doctor_faults import FAULTS, RECORDINGS, Set, clean_set, faulty_set
from vc_core.training.doctor import Report, examine
from vc_core.training.recordings import Recording
from vc_core.writing import write_audio

SETS = 20
FAULTY_FROM, CLEAN_FROM = 500, 3_000
"""Seeds: those below were looked at when the thresholds were chosen."""


def examined(recordings: Set) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for at, audio in enumerate(recordings.recordings):
            path = Path(folder) / f"{at}.wav"
            write_audio(path, audio, format_name="wav32")
            found.append(Recording(path, str(at)))
        return examine(found)


def main(sets: int = SETS) -> None:
    named, wrong, alarms = Counter[str](), Counter[str](), Counter[str]()
    for fault in FAULTS:
        for seed in range(FAULTY_FROM, FAULTY_FROM + sets):
            recordings, sick = faulty_set(fault, seed)
            findings = examined(recordings).findings
            named[fault] += any(finding.kind == fault and str(sick) in finding.titles for finding in findings)
            wrong[fault] += any(set(finding.titles) - {str(sick)} for finding in findings)
        print(f"{fault:12s} named {named[fault]} of {sets}, others blamed in {wrong[fault]}", flush=True)
    cleans = sets * len(FAULTS)
    for seed in range(CLEAN_FROM, CLEAN_FROM + cleans):
        alarms.update({finding.kind for finding in examined(clean_set(seed)).findings} - {"too little"} or ["none"])
    print(
        f"{sum(named.values())} of {sets * len(FAULTS)} faults named ({sum(named.values()) / sets / len(FAULTS):.1%})"
    )
    print(f"{cleans - alarms['none']} of {cleans} clean sets of {RECORDINGS} recordings blamed: {dict(alarms)}")
    print(machine())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
