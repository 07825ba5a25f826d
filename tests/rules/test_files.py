"""Rulebook files are read strictly, and written so that they can be read again."""

from __future__ import annotations

import random

import pytest

from models.errors import InvalidRulebook
from rules import files, packs
from tests.rules.generate import rule_documents


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rules: [", "not a YAML document"),
        ("rules:\n  - key: a\n    key: b\n", "the key 'key' is there twice.*line 3"),
        ("rules:\n  - &a {key: a}\n  - *a\n", "referred to"),
        ("rules: []\nrulez: []\n", "no such key 'rulez'; allowed: description, rules, cases"),
        ("rules: []\ncases: 7\n", "cases is not a list"),
        ("rules: [7]\n", "is no object"),
        ("rules: []\ndescription: [x]\n", "description is not text"),
        ("rules:\n  - {1: x}\n", "the key 1 is not text"),
        ("- !!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
        ("[" * 5_000, "not a YAML document"),
        ("rules: []\n" + "#" * files.MAX_BYTES, "allowed: 2,000,000"),
    ],
)
def test_what_is_no_rulebook_or_means_something_else_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidRulebook, match=why):
        files.read(text)


def test_what_is_written_is_read_as_the_same_and_written_as_the_same() -> None:
    for seed in range(40):
        rules = rule_documents(random.Random(seed), 4)
        shared = [{"name": "x", "facts": rules[0]["when"]}] * 2  # the same object twice is written twice
        text = files.written(rules, shared, "What it is for: größer, 日本")
        read = files.read(text)
        assert (list(read.rules), list(read.cases), read.description) == (
            rules,
            shared,
            "What it is for: größer, 日本",
        )
        assert files.written(read.rules, read.cases, read.description) == text


def test_every_pack_is_a_file_that_can_be_read() -> None:
    assert packs.STARTER in packs.names()
    for name in packs.names():
        assert packs.load(name).rules
