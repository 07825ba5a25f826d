"""docs/errors.md has each code that clients can get, and its status."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from schema.core.endpoint import STATUSES
from schema.core.errors import ErrorCode

ROOT = Path(__file__).parents[2]
#: Where codes are made.
SOURCES = (*ROOT.joinpath("schema/core").rglob("*.py"), ROOT / "server.py", ROOT / "models/errors.py")
#: A header's value, the code of no error in particular, and one that only commands print.
NO_CODES = frozenset({"DENY", "ERROR", "UNKNOWN_SCHEMA"})
#: What makes an error of a code.
MAKERS = frozenset({"refusal", "_refused", "_error"})


def _codes(source: str) -> Iterator[str]:
    """What is in capitals where a code is given a name, a status, or to a maker of errors."""
    for node in ast.walk(ast.parse(source)):
        values: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
            values = node.args
        for value in values:
            text = value.value if isinstance(value, ast.Constant) else None
            if isinstance(text, str) and re.fullmatch(r"[A-Z]{3,}(_[A-Z]+)*", text):
                yield text


def test_every_code_is_documented_with_its_status_and_no_other_is() -> None:
    told = ROOT.joinpath("docs/errors.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", told, re.MULTILINE))
    codes = {code for path in SOURCES for code in _codes(path.read_text("utf-8"))} - NO_CODES
    codes |= {code.value for code in ErrorCode}
    assert set(rows) == codes
    assert all(str(status) in rows[code] for code, status in STATUSES.items())
    assert list(rows) == sorted(rows)
