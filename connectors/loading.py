"""Finding a mapping document, and checking it against the records it makes before any row is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError

from commands.placing import NAMED
from connectors import templates
from connectors.mapping import Mapping, Source, Step, columns_of
from connectors.records import MODELS, Kind, convert, fields_of, kind_of, must_be_given, target_of
from models.access import Team, User
from models.deals import DealContact
from models.errors import Invalid, allowed

BUNDLED = Path(__file__).parent / "mappings"
Place = tuple[str, ...]
Problem = tuple[Place, str]


def load_mapping(name_or_path: str) -> Mapping:
    """A bundled mapping by its name, or one from a YAML file.

    Raises:
        Invalid: there is none, or it is not sound; names the path in the document and what is allowed.
    """
    bundled = {path.stem: path for path in sorted(BUNDLED.glob("*.yaml"))}
    path = bundled.get(name_or_path, Path(name_or_path))
    if not path.is_file():
        raise Invalid(
            f"no mapping {name_or_path!r}; allowed: {allowed(list(bundled))}, or a YAML file", ["mapping"]
        )
    return parse_mapping(path.read_bytes(), path.name)


def parse_mapping(document: bytes, name: str) -> Mapping:
    """The mapping that a YAML document says; raises Invalid like `load_mapping`."""
    try:
        mapping = Mapping.model_validate(yaml.safe_load(document.decode("utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(f"{name} is not YAML: {' '.join(str(error).split())}", ["mapping"]) from error
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        raise Invalid(f"{name}: {message}", [str(part) for part in first["loc"]]) from error
    for place, message in _problems(mapping):
        raise Invalid(f"{name}: {message}", place)
    return mapping


def _problems(mapping: Mapping) -> Iterator[Problem]:
    """What is wrong with a document whose form is right."""
    for name, table in mapping.tables.items():
        for number, row in enumerate(table.rows or []):
            if missing := [column for column in mapping.columns(name) if column not in row]:
                yield ("tables", name, "rows", str(number)), f"lacks the column {missing[0]!r}"
    for name, step in mapping.steps.items():
        for number, dated in enumerate(step.history):
            if dated.rows is not None and dated.rows not in mapping.tables:
                at = ("steps", name, "history", str(number), "rows")
                yield at, f"{dated.rows!r} is no table; allowed: {allowed(mapping.tables)}"
        for place, message in _step_problems(mapping, name, step):
            yield ("steps", name, *place), message


def _step_problems(mapping: Mapping, name: str, step: Step) -> Iterator[Problem]:
    if step.into not in MODELS:
        yield ("into",), f"{step.into!r} is no kind of record; allowed: {allowed(MODELS)}"
        return
    if step.table not in mapping.tables:
        yield ("from",), f"{step.table!r} is no table; allowed: {allowed(mapping.tables)}"
    yield from _field_problems(step)
    dated = (step.began, step.ended, step.history, step.initially)
    if MODELS[step.into] in (User, Team, DealContact) and any(dated):
        yield ("history",), f"a {step.into} has no dated history; allowed: neither began nor history"
    for place, source in step.sources():
        read = step.history[int(place[1])].rows if place[0] == "history" else None
        table = read or step.table
        for message in _source_problems(mapping, name, table, source):
            yield place, message
        if place[0] in ("fields", "initially", "history") and place[2:3] != ("date",):
            field = next(part for part in reversed(place) if part != "default")
            for message in _reference_problems(mapping, step, field, source):
                yield place, message
            for message in _constant_problems(mapping, step, table, field, source):
                yield place, message


def _field_problems(step: Step) -> Iterator[Problem]:
    model = MODELS[step.into]
    known = fields_of(model)
    for part, filled in (("fields", step.fields), ("initially", step.initially)):
        for field in filled:
            if field not in known:
                yield (part, field), f"is no field of {step.into}; allowed: {allowed(sorted(known))}"
    for number, dated in enumerate(step.history):
        for side, told in (("before", dated.before), ("became", dated.became)):
            for field in told:
                if field not in step.filled:
                    place = ("history", str(number), side, field)
                    yield place, f"has no present value; allowed: {allowed(step.filled)}"
    if missing := [field for field in must_be_given(model) if field not in step.filled]:
        yield ("fields",), f"lacks {missing[0]!r}, which every {step.into} needs"


def _source_problems(mapping: Mapping, name: str, read: str, source: Source) -> Iterator[str]:
    table = mapping.tables.get(read)
    if table and table.rows is not None:
        have = {column for row in table.rows for column in row}
        if missing := [column for column in columns_of(source) if column not in have]:
            yield f"{missing[0]!r} is no column of {read}; allowed: {allowed(sorted(have))}"
    if source.template and not templates.is_sound(source.template):
        yield (
            f"the template {source.template!r} has a stray brace; allowed: {{column}}, {{column|mailbox}},"
            " {column|next_month}"
        )
    for picked in (source.most_common, source.first):
        if picked and picked.table not in mapping.tables:
            yield f"{picked.table!r} is no table; allowed: {allowed(mapping.tables)}"
    if source.lookup:
        yield from _lookup_problems(mapping, name, source, source.lookup)


def _lookup_problems(mapping: Mapping, name: str, source: Source, lookup: str) -> Iterator[str]:
    earlier = list(mapping.steps)[: list(mapping.steps).index(name)]
    reachable = earlier if source.take else [*earlier, name]
    if lookup not in reachable:
        yield f"{lookup!r} is no earlier step; allowed: {allowed(reachable)}"
    elif source.take and source.take not in mapping.steps[lookup].filled:
        yield f"{lookup} fills no {source.take!r}; allowed: {allowed(mapping.steps[lookup].filled)}"


def _reference_problems(mapping: Mapping, step: Step, field: str, source: Source) -> Iterator[str]:
    model = MODELS[step.into]
    if field not in fields_of(model):
        return
    if kind_of(model, field) is not Kind.REFERENCE:
        if source.lookup and not source.take:
            yield f"{field} refers to nothing; allowed: lookup together with take"
        return
    wanted = target_of(model, field)
    if source != Source(const=None) and _refers_to(mapping, source) != wanted:
        yield f"{field} refers to {wanted}; allowed: lookup of a step into {wanted}"


def _constant_problems(mapping: Mapping, step: Step, read: str, field: str, source: Source) -> Iterator[str]:
    """Constants that the field cannot hold: they would cost every row that gets them."""
    model, table = MODELS[step.into], mapping.tables.get(read)
    if source.lookup or table is None or field not in fields_of(model):
        return
    stages = [stage.name for pipeline in mapping.pipelines for stage in pipeline.stages]
    for constant in (source.const, *source.values.values(), *(band.then for band in source.bands)):
        try:
            if constant is not None:
                convert(model, field, constant, table)
        except ValueError as error:
            yield f"{constant!r} {error}"
        if field == NAMED and stages and constant not in (None, *stages):
            yield f"{constant!r} is no stage of the pipelines; allowed: {allowed(stages)}"


def _refers_to(mapping: Mapping, source: Source) -> str | None:
    """The kind of record whose id a lookup gives."""
    step = mapping.steps.get(source.lookup or "")
    if step is None or source.take is None or step.into not in MODELS:
        return step.into if step else None
    model = MODELS[step.into]
    known = source.take in fields_of(model) and kind_of(model, source.take) is Kind.REFERENCE
    return target_of(model, source.take) if known else None
