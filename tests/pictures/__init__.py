"""Tests of `curator.pictures`."""
