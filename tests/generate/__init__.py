"""Generators of the tables under `curator/`: ``python -m tests.generate NAME`` rewrites one.

Each module has ``TARGET`` (the file below `curator/`) and ``generate() -> str`` (its content).
"""
