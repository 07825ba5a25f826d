"""Read plans: a GraphQL query compiled to one SQL statement that writes the JSON of its answer."""
