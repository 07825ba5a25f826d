"""The rule language, its evaluators and the engine: facts in, verdicts with their evidence out."""
