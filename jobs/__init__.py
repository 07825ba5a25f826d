"""Background work and prepared data: whatever runs beside a request."""
