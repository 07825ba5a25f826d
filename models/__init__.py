"""What is stored: one module per domain; constraints and lifecycles live with the data."""

MODULES = [
    "models.access",
    "models.accounts",
    "models.people",
    "models.catalog",
    "models.deals",
    "models.pipelines",
    "models.qualification",
    "models.rates",
    "models.forecast",
    "models.projections",
    "models.bids",
    "models.revenue",
    "models.services",
    "models.tickets",
    "models.signals",
    "models.history",
    "models.rulebooks",
    "models.recommendations",
    "models.events",
    "models.plans",
]
