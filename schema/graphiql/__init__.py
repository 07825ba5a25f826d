"""The GraphiQL page: a query editor that is served with everything it needs and works offline."""

from schema.graphiql.page import page, static_files

__all__ = ["page", "static_files"]
