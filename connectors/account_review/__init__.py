"""Account reviews as files: a deck to show and a written plan to send, of the same sections."""
