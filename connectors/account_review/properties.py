"""What a file says of itself: its title, whom it is for, and nothing of the machine that it was made on."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Protocol

from commands.account_review.content import Content


class Properties(Protocol):
    """The properties that decks and documents have alike."""

    author: str
    title: str
    subject: str
    comments: str
    keywords: str
    category: str
    last_modified_by: str
    revision: int
    created: datetime
    modified: datetime


def label(content: Content) -> str:
    """Who may read it."""
    if content.is_internal:
        return f"Internal to {content.tenant}: not for the customer"
    return f"From {content.tenant} for its customer"


def file_name(content: Content, ending: str) -> str:
    """What to call the file: for whom it is comes before what it is about, so that nobody sends the other."""
    edition = "internal" if content.is_internal else "customer"
    account = re.sub(r"[^\w]+", "-", content.header.name)[:60].strip("-")
    return f"review-{edition}-{account}-{content.as_of}.{ending}"


def foot(content: Content) -> str:
    """What each page says at its foot, the name last: it may be long."""
    period = f"{content.quarter.first} to {content.quarter.last}, as of {content.as_of}"
    return "  \N{MIDDLE DOT}  ".join((label(content), period, content.header.name))


def subject(content: Content) -> str:
    """What it is about, in a line."""
    return f"{content.header.name}, {content.quarter.first} to {content.quarter.last}, as of {content.as_of}"


def described(properties: Properties, content: Content) -> None:
    """Say what the file is; its dates are that of the review."""
    day = datetime.combine(content.as_of, time())
    properties.author = properties.last_modified_by = content.tenant
    properties.title = f"Account review: {content.header.name}"
    properties.subject = subject(content)
    properties.comments = properties.keywords = ""
    properties.category = label(content)
    properties.revision = 1
    properties.created = properties.modified = day
