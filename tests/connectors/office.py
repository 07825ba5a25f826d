"""LibreOffice as a test uses it: it opens a file, calculates everything anew, and says what it sees."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

#: Has it calculate whatever it opens, and not show what the file says that it gave.
_ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>
"""
#: Comma, double quote, UTF-8, from the first line; as it is shown: no; formulas: no; all sheets.
_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"


def calculated(file: Path, home: Path) -> dict[str, list[list[str]]]:
    """The cells of each sheet, row by row, as LibreOffice calculates them; the test is skipped without it."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed")
    profile = home / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_ALWAYS)
    out = home / "sheets"
    subprocess.run(
        [
            program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", _CSV,
            "--outdir", str(out), str(file),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    begin = f"{file.stem}-"
    return {
        each.stem.removeprefix(begin): [*csv.reader(each.read_text(encoding="utf-8").splitlines())]
        for each in out.glob("*.csv")
    }


def pages(files: Sequence[Path], home: Path) -> dict[str, int]:
    """How many pages LibreOffice shows of decks and documents, by their names.

    The test is skipped without LibreOffice, and without the parts of it that open such files.
    """
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed")
    profile = home / "profile"
    done = subprocess.run(
        [
            program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "pdf",
            "--outdir", str(home), *map(str, files),
        ],
        check=True, capture_output=True, timeout=120, text=True,
    )  # fmt: skip
    if "source file could not be loaded" in done.stderr + done.stdout:
        pytest.skip("LibreOffice is installed without what opens decks, or documents")
    shown = {file.name: file.with_suffix(".pdf").read_bytes() for file in files}
    return {name: len(re.findall(rb"/Type\s*/Page[^s]", content)) for name, content in shown.items()}
