"""The simulated AWS account: its number, who was known to it before any program, and what it is kept in."""

ACCOUNT = "123456789012"
"""The account's number: moto's, and in AWS's documentation nobody's."""

KEY = "TENANTRYSANDBOXLOCAL"
"""The access key and its secret: the cloud takes any, and no real account knows this one. moto wants 20 of A-Z0-9."""

USER = "sandbox"
"""The IAM user whose key that is; it was there before any program."""

JOURNAL = "journal.jsonl"
"""The file in the cloud's folder from which a start makes the account again."""
