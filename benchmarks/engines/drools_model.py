"""The Java source of a book for Drools: a class for each kind of fact, and the rules in the executable model.

The executable model is what Drools compiles rules to when it is to be fast. A missing number is NaN, which
compares with nothing; missing text is null, and a missing truth neither 0 nor 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from benchmarks.engines.translated import SIGNS, Kind, absent, field, kind_of, of, spoken, variable
from rules.registry import Op
from rules.tree import Book, Condition, Exists, Pattern, Rule, Scalar, Term

_TYPES = {Kind.TEXT: "String", Kind.NUMBER: "double", Kind.TRUTH: "byte"}
_BOXED = {Kind.TEXT: "String", Kind.NUMBER: "Double", Kind.TRUTH: "Byte"}
_MISSING = {Kind.TEXT: "null", Kind.NUMBER: "Double.NaN", Kind.TRUTH: "-1"}
_READ = {
    Kind.TEXT: "in.getText()",
    Kind.NUMBER: "in.getDoubleValue()",
    Kind.TRUTH: "(byte) (in.currentToken() == JsonToken.VALUE_TRUE ? 1 : 0)",
}
_HEAD = """package bellwether;

import static org.drools.model.DSL.declarationOf;
import static org.drools.model.DSL.not;
import static org.drools.model.DSL.on;
import static org.drools.model.Index.ConstraintType.EQUAL;
import static org.drools.model.PatternDSL.alphaIndexedBy;
import static org.drools.model.PatternDSL.betaIndexedBy;
import static org.drools.model.PatternDSL.pattern;
import static org.drools.model.PatternDSL.rule;

import bellwether.Judge.Batch;
import bellwether.Judge.Fact;
import com.fasterxml.jackson.core.*;
import java.io.IOException;
import java.util.*;
import org.drools.model.*;
import org.drools.model.impl.ModelImpl;

final class Rules {
"""
_READER = """
    static void read(JsonParser in, Batch batch) throws IOException {
        in.nextToken();
        while (in.nextToken() != JsonToken.END_OBJECT) {
            batch.ids.add(in.currentName());
            List<Fact> facts = new ArrayList<>();
            batch.facts.add(facts);
            in.nextToken();
            while (in.nextToken() != JsonToken.END_OBJECT) {
                String kind = in.currentName();
                in.nextToken();
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    Fact fact = fact(kind, in, batch);
                    if (fact != null) facts.add(fact);
                }
            }
        }
    }
"""
_LISTED = ",\n"
Fields = dict[str, dict[str, Kind]]


def source(book: Book) -> str:
    """The file ``Rules.java``."""
    fields = spoken(book)
    classes = "".join(_class(kind, names) for kind, names in fields.items())
    cases = "".join(f'case "{kind}": return new {_name(kind)}(in, batch);\n' for kind in fields)
    fact = (
        "static Fact fact(String kind, JsonParser in, Batch batch) throws IOException { switch (kind) {\n"
        f"{cases} default: in.skipChildren(); return null; }} }}\n"
    )
    rules = "".join(
        _rule(f"R{index}{'J' if joined else 'A'}", rule, fields, joined)
        for joined in (True, False)
        for index, rule in enumerate(book.rules)
    )
    model = "static Model model(boolean joined) { ModelImpl model = new ModelImpl();\n" + "".join(
        f"if (joined) R{index}J.add(model); else R{index}A.add(model);\n" for index in range(len(book.rules))
    )
    return f"{_HEAD}{classes}{fact}{_READER}{rules}{model}return model; }}\n}}\n"


def _name(kind: str) -> str:
    return f"{kind.capitalize()}Fact"


def _class(kind: str, names: dict[str, Kind]) -> str:
    fields = "".join(f"public {_TYPES[holds]} {name} = {_MISSING[holds]};\n" for name, holds in names.items())
    cases = "".join(f'case "{name}": {name} = {_READ[holds]}; break;\n' for name, holds in names.items())
    return (
        f"public static final class {_name(kind)} extends Fact {{\n{fields}"
        f"{_name(kind)}(JsonParser in, Batch batch) throws IOException {{ super(batch);\n"
        "while (in.nextToken() != JsonToken.END_OBJECT) {\n"
        "String name = in.currentName(); in.nextToken();\n"
        f"switch (name) {{\n{cases} default: in.skipChildren(); }} }} }} }}\n"
    )


def _rule(name: str, rule: Rule, fields: Fields, joined: bool) -> str:
    """A class of its own for each rule: what one class may hold is bounded."""
    first = variable(rule.patterns[0].alias)
    owners = [None, *([first] * len(rule.patterns[1:]))] if joined else [None] * len(rule.patterns)
    named = [(variable(part.alias), part) for part in rule.patterns]
    nots = [(f"absent{index}", part) for index, part in enumerate(absent(rule))]
    built = [
        *(_pattern(alias, part, owner, fields) for (alias, part), owner in zip(named, owners, strict=True)),
        *(f"not({_pattern(alias, part, first if joined else None, fields)})" for alias, part in nots),
        f'on({first}).execute(fact -> fact.matched("{rule.key}"))',
    ]
    declared = "".join(_declared(alias, part.kind) for alias, part in named)
    declared += "".join(_declared(alias, part.kind) for alias, part in nots)
    return (
        f"static final class {name} {{ static void add(ModelImpl model) {{\n{declared}"
        f'model.addRule(rule("{rule.key}").build(\n{_LISTED.join(built)})); }} }}\n'
    )


def _declared(alias: str, kind: str) -> str:
    return f'Variable<{_name(kind)}> {alias} = declarationOf({_name(kind)}.class, "{alias}");\n'


def _pattern(alias: str, part: Pattern | Exists, owner: str | None, fields: Fields) -> str:
    single, cross = of(part)
    tests = [f"pattern({alias})", *(_single(part.kind, test, list(fields[part.kind])) for test in single)]
    if owner:
        tests.append(_join(part.kind, "account", owner, "account", "f.account == g.account", "int", 0))
    return "".join([*tests, *_cross(part.kind, cross)])


def _single(kind: str, condition: Condition, names: list[str]) -> str:
    """A test of one fact; its text is its identity, by which rules share it."""
    test, value, name = _test(condition), condition.value, field(condition.term)
    index = ""
    if condition.op is Op.EQ and not isinstance(value, tuple | Term):
        constant = f"({_TYPES[kind_of(value)]}) {_constant(value)}"
        index = (
            f", alphaIndexedBy({_BOXED[kind_of(value)]}.class, EQUAL, {names.index(name)}, "
            f"f -> f.{name}, {constant})"
        )
    return f".expr({json.dumps(f'{kind}: {test}')}, f -> {test}{index})\n"


def _test(condition: Condition) -> str:
    seen, value = f"f.{field(condition.term)}", condition.value
    if condition.op is Op.BETWEEN and isinstance(value, tuple):
        return f"{seen} >= {value[0]} && {seen} <= {value[1]}"
    if isinstance(value, tuple):
        return "(" + " || ".join(f"{_constant(each)}.equals({seen})" for each in value) + ")"
    if isinstance(value, str):
        return f"{_constant(value)}.equals({seen})"
    assert not isinstance(value, Term)
    return f"{seen} {SIGNS.get(condition.op, '==')} {_constant(value)}"


def _constant(value: Scalar) -> str:
    return str(int(value)) if isinstance(value, bool) else json.dumps(value)


def _cross(kind: str, conditions: list[Condition]) -> Iterator[str]:
    for index, condition in enumerate(conditions, 1):
        assert condition.other
        name, other = field(condition.term), field(condition.other)
        owner = variable(condition.other.alias or "")
        if condition.op is Op.EQ:
            test = f"f.{name} != null && f.{name}.equals(g.{other})"
            yield _join(kind, name, owner, other, test, "String", index)
        else:
            test = f"f.{name} {SIGNS[condition.op]} g.{other}"
            yield f'.expr("{kind}: {test} of {owner}", {owner}, (f, g) -> {test})\n'


def _join(kind: str, name: str, owner: str, other: str, test: str, of_type: str, index: int) -> str:
    """A join that Drools finds by hash."""
    return (
        f'.expr("{kind}: {test} of {owner}", {owner}, (f, g) -> {test}, '
        f"betaIndexedBy({of_type}.class, EQUAL, {index}, f -> f.{name}, g -> g.{other}))\n"
    )
