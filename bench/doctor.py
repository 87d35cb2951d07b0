"""Detection rate and false alarms of the recording quality check, on over 200 simulated faults and clean sets.

python bench/doctor.py [SETS OF EACH FAULT]
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from measure import ROOT, machine

sys.path.insert(0, str(ROOT))
from bench.doctor_faults import FAULTS, OF_ALL, Set, clean_set, faulty_set
from vc_core.files.writing import write_audio
from vc_core.training.recordings.doctor import FEW_SECONDS, Report, examine_recordings
from vc_core.training.recordings.gathering import Recording

SETS, CLEAN_SETS = 14, 200
RECORDINGS = 5
"""About 35 seconds: with less, the check only asks for more."""
FAULTY_FROM, CLEAN_FROM = 500, 3_000
"""First seeds; the thresholds were chosen on lower ones."""


def examined(recordings: Set) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for at, audio in enumerate(recordings.recordings):
            path = Path(folder) / f"{at}.wav"
            write_audio(path, audio, format_name="wav32")
            found.append(Recording(path, str(at)))
        return examine_recordings(found)


def kinds_in(report: Report) -> set[str]:
    """False alarms of a clean set; some sets really have too little sound."""
    return {finding.kind for finding in report.findings} - ({"too little"} if report.seconds < FEW_SECONDS else set())


def main(sets: int = SETS) -> None:
    named = 0
    for fault in FAULTS:
        right, wrong, also = 0, 0, Counter[str]()
        for seed in range(FAULTY_FROM, FAULTY_FROM + sets):
            recordings, sick = faulty_set(fault, seed, RECORDINGS)
            findings = examined(recordings).findings
            # A fault of the whole set belongs to no recording.
            right += any(one.kind == fault and (fault in OF_ALL or str(sick) in one.titles) for one in findings)
            blamed = [one.kind for one in findings if set(one.titles) - {str(sick)}] if fault not in OF_ALL else []
            wrong += bool(blamed)
            also.update(blamed)
        named += right
        print(f"{fault:12s} named {right} of {sets}, other recordings blamed in {wrong} {dict(also)}", flush=True)
    alarms = [kinds_in(examined(clean_set(seed, RECORDINGS))) for seed in range(CLEAN_FROM, CLEAN_FROM + CLEAN_SETS)]
    counts = Counter(kind for kinds in alarms for kind in kinds)
    print(f"{named} of {sets * len(FAULTS)} faults named ({named / sets / len(FAULTS):.1%})")
    print(f"{sum(map(bool, alarms))} of {CLEAN_SETS} clean sets of {RECORDINGS} recordings blamed: {dict(counts)}")
    print(machine())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
