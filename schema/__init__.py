"""What GraphQL clients see: one module per domain, put together in ``root``, their plumbing in ``core``."""
