"""Waiting until an object does its work, kind by kind, as the official plugin does."""
