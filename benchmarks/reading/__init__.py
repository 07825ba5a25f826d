"""What the measurements of reads are made of: queries, servers to ask them of, and a client."""
