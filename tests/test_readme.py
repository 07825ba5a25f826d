"""The README is true: its rule, settings, commands and words are the product's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import typer

from cli import app
from rules import files, packs
from rules.build import build_book
from rules.cases import build_cases, failures
from rules.registry import Op
from settings import Settings

ROOT = Path(__file__).parents[1]
README = ROOT.joinpath("README.md").read_text("utf-8")


def test_its_rule_is_the_one_in_the_starter_pack() -> None:
    shown = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    standing = {document["key"]: document for document in packs.load(packs.STARTER).rules}
    (rule,) = files.read(shown[0]).rules
    assert standing[str(rule["key"])] == rule
    book = build_book("mine/1", [{**rule, "key": "my-renewal"}])
    cases = files.read(f"rules: []\n{shown[1]}").cases
    assert len(shown) == 2
    assert failures(book, build_cases(book, cases)) == []


def test_it_names_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| (`BELLWETHER_.*?`) \| (.*?) \|", README, re.MULTILINE)
    told = {
        name.replace("…", "BELLWETHER"): default
        for names, defaults in rows
        for name, default in zip(re.findall(r"`(\S+)`", names), defaults.split(", "), strict=False)
    }
    settings = {f"BELLWETHER_{name.upper()}": str(f.default) for name, f in Settings.model_fields.items()}
    assert set(told) == set(settings)
    for name in settings.keys() - {"BELLWETHER_DATABASE_URL", "BELLWETHER_SECRET"}:
        assert _value(told[name]) == _value(settings[name]), name


def _value(text: str) -> float | str:
    """A number however it is written, else the text; nothing for ``none``."""
    text = text.strip("`").removeprefix("none")
    return float(text) if re.fullmatch(r"[0-9.]+", text) and text.count(".") < 2 else text


def test_its_commands_exist_with_their_options() -> None:
    commands = re.findall(r"^\$ bellwether (.*?)(?:\s+#.*)?$", README, re.MULTILINE)
    program = typer.main.get_command(app)
    assert len(commands) > 8
    for line in commands:
        name, *rest = shlex.split(line)
        command = program.commands[name]  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            command, rest = command.commands[rest[0]], rest[1:]
        command.make_context(name, ["." if each == "crm/" else each for each in rest], resilient_parsing=True)


def test_it_lists_the_operators_of_the_language() -> None:
    listed = re.search(r"\*\*Conditions\*\*: `(.*?)`", README)
    assert listed
    assert set(listed[1].split(", ")) == {str(op) for op in Op}


def test_what_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#][^)]*)\)", README):
        assert ROOT.joinpath(target).exists(), target
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#(.*?)\)", README)) <= headings
