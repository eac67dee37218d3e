"""The change gate: preview -> changes -> verdict -> report. Imports no component, and asks no cloud by itself."""
