"""Names: what the plan's names become in code, and what the destination keeps for itself."""
