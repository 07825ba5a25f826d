"""What a quarterly account review tells, for its readers; how it is written is in ``connectors``."""
