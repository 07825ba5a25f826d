"""Arithmetic in rules, ``monthly_recurring * 12``: how it is read and which types it may have."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from models.errors import Invalid
from rules.registry import FactField, FieldType
from rules.tree import FieldValue, Formula, Operation, Term

MAX_LENGTH = 200
_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_ALLOWED = re.compile(r"[a-z0-9_.$+\-*/() \t]*")
_NAME = re.compile(r"(?<![\w.])\$?[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?")
_PLAIN = re.compile(r"\$?[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")
#: What money in minor units is counted in by the authors of rules.
_MINOR = Decimal(100)

#: Finds the alias (None for the fact itself) and the field that a name such as ``$c.annual_value`` means.
Lookup = Callable[[str], tuple[str | None, FactField]]


@dataclass(frozen=True)
class _Typed:
    """A formula with its type; bare numbers have none and fit any."""

    formula: Formula
    type: FieldType | None


def term(text: str, lookup: Lookup) -> Term:
    """The value that ``text`` stands for: a field, or arithmetic on fields of one fact.

    Raises:
        Invalid: it cannot be read, its types do not fit, or it speaks of several facts. What ``lookup``
            raises.
    """
    if _PLAIN.fullmatch(text):
        alias, field = lookup(text)
        return Term(text, FieldValue(field.name), field.type, field.unit, alias)
    aliases: set[str | None] = set()

    def typed(name: str) -> _Typed:
        alias, field = lookup(name)
        aliases.add(alias)
        return _Typed(FieldValue(field.name), field.type)

    whole = _resolved(*_parsed(text), typed)
    if whole.type is None:
        raise Invalid(f"{text!r} names no field")
    if len(aliases) > 1:
        raise Invalid(f"{text!r} computes with fields of several facts; allowed: those of one on each side")
    return Term(text, whole.formula, whole.type, "", aliases.pop())


def _parsed(text: str) -> tuple[ast.expr, dict[str, str]]:
    """The expression, in which generated names stand for the author's."""
    if len(text) > MAX_LENGTH:
        raise Invalid(f"a formula of {len(text)} characters; allowed: {MAX_LENGTH}")
    if not _ALLOWED.fullmatch(text):
        raise Invalid(f"{text!r} is no formula; allowed: fields, numbers, + - * / and parentheses")
    names: dict[str, str] = {}

    def generated(found: re.Match[str]) -> str:
        name = f"N{len(names)}"
        names[name] = found.group()
        return f" {name} "

    try:
        return ast.parse(_NAME.sub(generated, text).strip(), mode="eval").body, names
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise Invalid(f"{text!r} is no formula; a sign or a parenthesis is missing") from None


def _resolved(node: ast.expr, names: dict[str, str], typed: Callable[[str], _Typed]) -> _Typed:
    match node:
        case ast.Name(id=name) if name in names:
            return typed(names[name])
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _Typed(Decimal(str(number)), None)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _combined("*", _Typed(Decimal(-1), None), _resolved(operand, names, typed))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
            sign = _SIGNS[type(op)]
            return _combined(sign, _resolved(left, names, typed), _resolved(right, names, typed))
    raise Invalid("a formula has fields, numbers, + - * / and parentheses, and nothing else")


def _combined(sign: str, left: _Typed, right: _Typed) -> _Typed:
    for side in (left, right):
        if side.type is not None and not side.type.is_numeric:
            raise Invalid(f"{side.type.lower()} fields cannot be computed with")
    if sign in "+-":
        left, right = _like(left, right), _like(right, left)
    type_ = _type(sign, left.type, right.type)
    return _Typed(Operation(sign, left.formula, right.formula), type_)


def _like(one: _Typed, other: _Typed) -> _Typed:
    """A bare number that is added to money is an amount in whole units."""
    if one.type is None and other.type is FieldType.MONEY:
        return _Typed(Operation("*", one.formula, _MINOR), FieldType.MONEY)
    return one if one.type is not None else _Typed(one.formula, other.type)


def _type(sign: str, left: FieldType | None, right: FieldType | None) -> FieldType | None:
    """The type of what the sign makes of two types; a plain number scales any."""
    scales = (None, FieldType.NUMBER)
    if sign in "+-" and left is right:
        return left
    if sign == "/" and left is right and left is not None:
        return FieldType.NUMBER
    if sign in "*/" and right in scales:
        return left or right
    if sign == "*" and left in scales:
        return right
    raise Invalid(f"{_named(left)} {sign} {_named(right)} means nothing")


def _named(type_: FieldType | None) -> str:
    return type_.lower() if type_ else "number"
