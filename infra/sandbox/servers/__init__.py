"""PostgreSQL and Valkey of a sandbox instance, and the TLS proxy before them.

Re-exports nothing, so that the proxy's process loads only what it needs.
"""
