"""Enumerations whose values say what they mean, for whoever reads the schema or the code."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Described(StrEnum):
    """An enumeration whose members are declared as ``NAME = "VALUE", "What it means."``.

    A member is its value, a plain text, as of any StrEnum; what it means is in ``meaning``.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        """The member that is ``value``."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member
