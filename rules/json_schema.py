"""The JSON Schema of rule documents, drawn from their shape and the registry, for editors and builders.

It knows kinds, fields, operators, types, ranges and values. What takes more than one place of a document to
see (aliases, types of arithmetic, circles of conclusions) is left to ``rules.build``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from rules.kinds import REGISTRY
from rules.language import NAME, RuleDocument
from rules.registry import COMPARISONS, ID_FIELD, OPERATORS, RELATIVE, FactField, FactKind, FieldType, Op
from rules.tree import Quantifier

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FORMULA = r"[ +*/()\-]"
_REFERENCE: Schema = {"type": "string", "pattern": r"\$", "description": "a field of an earlier fact: $c.id"}


@cache
def rule_schema() -> Schema:
    """The schema of one rule."""
    return {"$schema": _DIALECT, **_rule()}


@cache
def file_schema() -> Schema:
    """The schema of a file of rules: a list of them, or ``rules`` with a list."""
    rule = _rule()
    definitions = rule.pop("$defs")
    rules = {"type": "array", "items": {"$ref": "#/$defs/RuleDocument"}}
    return {
        "$schema": _DIALECT,
        "title": "Rules",
        "description": "A file of rules.",
        "anyOf": [rules, {"type": "object", "required": ["rules"], "properties": {"rules": rules}}],
        "$defs": {**definitions, "RuleDocument": rule},
    }


def _rule() -> Schema:
    schema = RuleDocument.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    for shape in ("WhereDocument", "JsonValue", "Op"):
        del definitions[shape]
    definitions["ClauseDocument"] = _clause()
    definitions["PatternDocument"] = _pattern("a concluded fact", _where_concluded())
    definitions["ConsequenceDocument"] |= {"minProperties": 1, "maxProperties": 1}
    for kind in REGISTRY.kinds.values():
        definitions[f"pattern_{kind.name}"] = _pattern(kind.meaning, {"$ref": f"#/$defs/where_{kind.name}"})
        definitions[f"where_{kind.name}"] = _where(kind)
    return schema


def _clause() -> Schema:
    several = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/ClauseDocument"}}
    tests = {
        Quantifier.ALL: several | {"description": "each of these facts exists"},
        Quantifier.ANY: several | {"description": "at least one of these facts exists"},
        Quantifier.NONE: {
            "anyOf": [several, {"$ref": "#/$defs/ClauseDocument"}],
            "description": "no such fact exists",
        },
    }
    kinds = {kind.name: _described(f"pattern_{kind.name}", kind.meaning) for kind in REGISTRY.kinds.values()}
    return {
        "type": "object",
        "description": "A fact that must exist, by its kind, or a test of several.",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {**{quantifier.value: test for quantifier, test in tests.items()}, **kinds},
        "patternProperties": {
            _other_than([*kinds, *(q.value for q in Quantifier)]): _described(
                "PatternDocument", "a concluded fact"
            )
        },
        "additionalProperties": False,
    }


def _other_than(names: list[str]) -> str:
    """A pattern of names that are none of these."""
    return f"^(?!(?:{'|'.join(names)})$)" + NAME.removeprefix("^")


def _described(name: str, meaning: str) -> Schema:
    return {"$ref": f"#/$defs/{name}", "description": meaning}


def _pattern(meaning: str, where: Schema) -> Schema:
    name = {"type": "string", "pattern": NAME, "description": "what later parts of the rule call the fact"}
    return {
        "type": "object",
        "description": meaning,
        "properties": {"as": name, "where": where},
        "additionalProperties": False,
    }


def _groups(of: Schema) -> Schema:
    some = {"type": "array", "minItems": 1, "items": of | {"minProperties": 1}}
    return {
        "all": some | {"description": "it meets each of these"},
        "any": some | {"description": "it meets at least one of these"},
        "none": some | {"description": "it meets none of these"},
    }


def _where(kind: FactKind) -> Schema:
    """What a fact of a kind meets, field by field."""
    fields = {field.name: _compared(field) for field in (ID_FIELD, *kind.fields.values())}
    numeric = [field.name for field in kind.fields.values() if field.type.is_numeric]
    patterns = {_FORMULA: _comparisons(FieldType.NUMBER, _any_number(), "arithmetic on fields")}
    if numeric:
        endings = "|".join(RELATIVE)
        relative = next(iter(kind.relative.values()))
        patterns[f"^({'|'.join(numeric)})({endings})$"] = _compared(relative) | {
            "description": "percent: where it stands among all accounts, or those of its segment"
        }
    return {
        "type": "object",
        "properties": {**_groups({"$ref": f"#/$defs/where_{kind.name}"}), **fields},
        "patternProperties": patterns,
        "additionalProperties": False,
    }


def _where_concluded() -> Schema:
    """What a concluded fact meets; its fields are those of the rule that concludes it."""
    return {"type": "object", "additionalProperties": {"anyOf": [{"type": "object"}, {"type": "array"}]}}


def _compared(field: FactField) -> Schema:
    unit = (
        " (in the tenant's currency)"
        if field.type is FieldType.MONEY
        else f" ({field.unit})"
        if field.unit
        else ""
    )
    return _comparisons(field.type, _constant(field), f"{field.meaning}{unit}", _open(field))


def _comparisons(type_: FieldType, constant: Schema, description: str, part: Schema | None = None) -> Schema:
    return {
        "type": "object",
        "description": description,
        "minProperties": 1,
        "properties": {op.value: _operand(op, constant, part or constant) for op in OPERATORS[type_]},
        "additionalProperties": False,
    }


def _operand(op: Op, constant: Schema, part: Schema) -> Schema:
    if op is Op.IS_NULL:
        return {"type": "boolean", "description": "true: it is missing; false: it is there"}
    if op is Op.BETWEEN:
        return {"type": "array", "items": constant, "minItems": 2, "maxItems": 2}
    if op in (Op.IN, Op.NOT_IN):
        return {"type": "array", "items": constant, "minItems": 1}
    return {"anyOf": [constant, _REFERENCE]} if op in COMPARISONS else part


def _constant(field: FactField) -> Schema:
    """A constant that the field is compared with."""
    match field.type:
        case FieldType.BOOLEAN:
            return {"type": "boolean"}
        case FieldType.MONEY:
            return {"anyOf": [_within({"type": "number"}, field), {"type": "string", "pattern": "^[^$]+$"}]}
        case FieldType.DAYS:
            return _within({"type": "integer"}, field)
        case FieldType.NUMBER:
            return _within({"type": "number"}, field)
    return {"enum": list(field.values)} if field.values else {"type": "string"}


def _open(field: FactField) -> Schema | None:
    """What a text is searched for, which need not be one of its values."""
    return {"type": "string"} if field.values else None


def _any_number() -> Schema:
    return {"type": ["number", "string"]}


def _within(schema: Schema, field: FactField) -> Schema:
    limits = {"minimum": field.minimum, "maximum": field.maximum}
    return schema | {name: limit for name, limit in limits.items() if limit is not None}
