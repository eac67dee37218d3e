"""The offline aws plugin: simulated AWS resources, checked against the real schemas."""
