"""The same rules in Drools, in a Java machine within this process, from the wheel ``drools_jpy``."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from benchmarks.engines.drools_model import source
from benchmarks.engines.translated import Found, check
from rules.reference import Facts
from rules.tree import Book

JUDGE = Path(__file__).parent.parent / "drools" / "Judge.java"
#: Accounts in one JSON text; while the machine judges one, the next is written.
HANDED = 1_000
_OPTIONS = ["-XX:+UseParallelGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]


def missing() -> str | None:
    """What is not installed that this takes; None when all is."""
    if importlib.util.find_spec("drools") is None or _jar() is None:
        return "no wheel drools_jpy"
    if importlib.util.find_spec("jpy") is None:
        return "no wheel jpy"
    return None if shutil.which("javac") else "no javac: a JDK is needed"


def _jar() -> Path | None:
    found = importlib.util.find_spec("drools")
    folder = Path(found.origin).parent if found and found.origin else None
    return next(folder.glob("jars/*.jar"), None) if folder else None


@contextmanager
def compiled(book: Book) -> Iterator[type[Drools]]:
    """A Java machine with the book compiled; a process starts only one.

    Raises:
        Untranslatable: the book holds what Drools is not told here.
        OSError: the Java machine does not start.
        subprocess.CalledProcessError: what we made of the book does not compile.
    """
    check(book)
    jar = _jar()
    assert jar
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "Rules.java"
        rules.write_text(source(book), "utf-8")
        javac = shutil.which("javac") or "javac"
        subprocess.run([javac, "-nowarn", "-cp", jar, "-d", folder, JUDGE, rules], check=True)
        os.environ.setdefault("JAVA_HOME", str(Path(javac).resolve().parent.parent))
        _start(jar, folder)
        yield Drools


def _start(jar: Path, folder: str) -> None:
    import jpyutil

    try:
        jpyutil.init_jvm(jvm_maxmem="1G", jvm_classpath=[str(jar), folder], jvm_options=_OPTIONS)
    except ImportError as error:
        raise OSError(str(error)) from error


class Drools:
    """So many threads of the Java machine; ``together`` accounts share a session, joined by account."""

    def __init__(self, threads: int, together: int) -> None:
        import jpy

        self._judge: Any = jpy.get_type("bellwether.Judge")(threads, together)

    def judge(self, accounts: Mapping[str, Facts]) -> Found:
        """Which rules match which accounts, handing the facts over included."""
        for text in _texts(accounts):
            self._judge.ask(text)
        return self._found()

    def keep(self, accounts: Mapping[str, Facts]) -> None:
        """Make Java objects of the facts, for ``judge_kept``."""
        for text in _texts(accounts):
            self._judge.keep(text)

    def judge_kept(self) -> Found:
        """Which rules match which of the accounts that are kept."""
        self._judge.askKept()
        return self._found()

    def close(self) -> None:
        """End the threads."""
        self._judge.close()

    def _found(self) -> Found:
        pairs = (line.split(" ", 1) for line in str(self._judge.found()).splitlines())
        return {(rule, account) for rule, account in pairs}


def _texts(accounts: Mapping[str, Facts]) -> Iterator[bytes]:
    items = list(accounts.items())
    for start in range(0, len(items), HANDED):
        yield orjson.dumps(dict(items[start : start + HANDED]))
