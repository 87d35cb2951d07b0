"""The index of a folder of recordings: a JSON line for each, written after its file."""

import json
from pathlib import Path
from typing import Any

INDEX_FILE = "items.jsonl"


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """All but a line that was cut off when its process ended."""
    path = folder / INDEX_FILE
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def append_row(folder: Path, row: dict[str, Any]) -> None:
    with (folder / INDEX_FILE).open("a", encoding="utf-8") as index:
        index.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_done(folder: Path) -> dict[int, float]:
    """The numbers of the recordings that are whole, and their seconds."""
    return {row["number"]: row["seconds"] for row in read_rows(folder) if (folder / row["file"]).exists()}
