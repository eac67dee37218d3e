"""Typed stack settings: the models, and the loader that reads them from a stack file."""

SETTINGS_KEY = "tenantry:settings"
"""The key of a stack file that holds all settings of the stack."""
