"""Every write of the product: one module per domain, one function per thing a user does."""
