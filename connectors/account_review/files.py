"""Puts a file where it is wanted, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from models.errors import Invalid

#: What others may do with a file that is made in the ordinary way.
_MODE = 0o666


def put(path: Path, content: bytes) -> None:
    """Write a file beside the place and move it there: who reads it meanwhile sees what was there before.

    Raises:
        Invalid: it cannot be written there.
    """
    unfinished: str | None = None
    try:
        handle, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(unfinished, _MODE & ~_masked())
        os.replace(unfinished, path)
    except OSError as error:
        if unfinished is not None:
            Path(unfinished).unlink(missing_ok=True)
        raise Invalid(f"{path} cannot be written: {error.strerror}", ["file"]) from None


def _masked() -> int:
    """What the process takes away from the rights of files that it makes."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
