"""Side-by-side measurements, each with its baseline in the same run."""
