"""Two tenants with the same data, who works there, and what each of them may do, in plain words."""
