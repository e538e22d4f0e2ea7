"""Reports are made by the command line."""

from tests.cli.conftest import curator, on_demo

__all__ = ["curator", "on_demo"]
