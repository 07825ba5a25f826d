"""What has colours in a review: the map of stakeholders and the grid of product families.

Every field also has its word, so that both can be read in black and white.
"""

from __future__ import annotations

from commands.account_review.content import InUse, Known, People, Whitespace
from connectors.account_review.sections import Box, Grid, Map, Shade
from connectors.account_review.texts import words
from models.stakeholders import Support
from models.whitespace import CellState

#: So many people are on the map.
MOST_PEOPLE = 24
_WHITE = "FFFFFF"
_STATES = {
    CellState.OWNED: Shade("owned", "runs, or was bought", "1E6B3A", _WHITE),
    CellState.ORDERED: Shade("ordered", "sold, on its way", "A9D8B8"),
    CellState.OPEN: Shade("open", "in an open deal", "BBD4EE"),
    CellState.COMPETITOR: Shade("rival", "a competitor supplies it", "F2B8B0"),
    CellState.NOT_DELIVERED: Shade("undelivered", "sold a year ago, none runs", "F7D08A"),
    CellState.LOST: Shade("lost", "was lost, or has ended", "C9C9C9"),
    CellState.NOT_POSSIBLE: Shade("not fit", "does not go with what is there", "EFE3C2"),
    CellState.NEVER: Shade("never", "never offered", _WHITE),
}
_IN_USE = {
    "in use": Shade("in use", "runs for you, or you bought it", "1E6B3A", _WHITE),
    "ordered": Shade("ordered", "is on its way to you", "A9D8B8"),
    "": Shade("\N{MIDDLE DOT}", "not in use there", _WHITE),
}
_SUPPORT = {
    Support.MENTOR: Shade("++ mentor", "works for us inside", "1E6B3A", _WHITE),
    Support.SUPPORTER: Shade("+ supporter", "would rather have us", "A9D8B8"),
    Support.NEUTRAL: Shade("0 neutral", "has no preference", "E6E6E6"),
    Support.NON_SUPPORTER: Shade("- no supporter", "would rather have others", "F2C7A8"),
    Support.ENEMY: Shade("-- enemy", "works against us", "A93226", _WHITE),
}
_UNKNOWN = Shade("? not judged", "nobody said", _WHITE)
#: What stands beside everybody on the map.
STRENGTH = Shade("n/100", "strength of relationship", _WHITE)


def whitespace(found: Whitespace) -> Grid:
    """The accounts by product families."""
    return Grid(
        "Account",
        [part.name for part in found.parts],
        [(row.name, [_STATES[cell.state] for cell in row.cells]) for row in found.rows],
        found.accounts - len(found.rows),
    )


def in_use(found: InUse) -> Grid:
    """What a customer has of which product families."""
    return Grid(
        "Account", found.families, [(name, [_IN_USE[each] for each in states]) for name, states in found.rows]
    )


def stakeholders(people: People) -> Map:
    """Who reports to whom: all where there is room, else those with a part and everybody above them."""
    chosen = list(people.places)
    if len(chosen) > MOST_PEOPLE:
        above = {place.contact_id: place.above for place in people.places}
        wanted = set[str]()
        for place in people.places:
            at: str | None = place.contact_id if people.known[place.contact_id].role else None
            while at is not None and at not in wanted:
                wanted.add(at)
                at = above.get(at)
        chosen = [place for place in people.places if place.contact_id in wanted] or chosen
        chosen = chosen[:MOST_PEOPLE]
    boxes = [(place, _box(people.known[place.contact_id])) for place in chosen]
    return Map(boxes, len(people.places) - len(boxes), STRENGTH)


def _box(known: Known) -> Box:
    shade = _SUPPORT[known.support] if known.support else _UNKNOWN
    parts = [
        words(known.role) if known.role else "no role",
        f"influence {words(known.influence.value)}" if known.influence else "influence ?",
        shade.word,
        f"{known.strength}/100",
    ]
    return Box(known.name, known.title, " \N{MIDDLE DOT} ".join(parts), shade)
