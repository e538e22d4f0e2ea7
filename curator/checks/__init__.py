"""Checks: what can be wrong in a data store, one file each; pure functions over a view of it."""
