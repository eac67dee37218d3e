"""The offline random plugin: the resources of pulumi-random, their values from the operating system's entropy."""
