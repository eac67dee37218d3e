"""Typed stack settings: the models, and the loader that reads them from a stack file."""
