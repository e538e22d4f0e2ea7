"""Plans carried out: apply, verify, finish, undo, under one limiter and one ledger.

`journal` is a campaign's folder and state, `calls` and `actions` make one recorded call exactly once, `applying`
runs units beside each other, `verifying`, `finishing`, `undoing` and `rebuilding` are the rest of the walk;
`planning`, `resolving` and `publishing` make plans from a catalogue.
"""
