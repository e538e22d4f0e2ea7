"""The terminal interface in a browser on this machine: a page, a gate before it, a terminal behind each WebSocket."""

from curator.web.app import Application

__all__ = ["Application"]
