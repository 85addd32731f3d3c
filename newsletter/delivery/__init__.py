"""How it gets there: states, message bytes, and the one orchestration of a run."""
