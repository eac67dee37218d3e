"""The simulated AWS of a sandbox instance: moto in server mode, with a memory, account quotas and faults on demand."""
