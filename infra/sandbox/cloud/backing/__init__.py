"""Real servers behind the simulated AWS: PostgreSQL for RDS instances, Valkey for ElastiCache's replication groups.

moto's resources are what is wanted, and `backing` makes the machine follow them after each change and at each start of
the cloud, so that a replay of the journal starts nothing twice and whatever a crash interrupted is taken up again.
Simulated all the same: the version is always that of the sandbox's wheels, whatever a program asks for; instance
classes, storage, zones, networks and security groups have no effect on the servers.
"""
