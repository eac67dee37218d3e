"""The sizes of AWS's instances as two packages carry them, from which `infra/settings/sizes.json` is made.

moto carries what EC2's DescribeInstanceTypes answers, cfn-lint what RDS offers for PostgreSQL in each region. An RDS
class has the processors and the memory of the EC2 type that it is named after (RDS user guide, "Hardware specifications
for DB instance classes"). Run as a module, it writes the file anew.
"""

import gzip
import json
from importlib import resources
from typing import Any

from infra.settings.sizes import SOURCE


def from_packages() -> dict[str, dict[str, list[int]]]:
    """Return nodes (name -> processors, MiB, addresses, interfaces) and databases (name -> processors, MiB)."""
    packed = (resources.files("moto") / "ec2" / "resources" / "instance_types.json.gz").read_bytes()
    types = json.loads(gzip.decompress(packed))
    nodes = {name: _node(types[name]) for name in sorted(types) if types[name].get("NetworkInfo")}
    databases = {
        name: _size(types[name.removeprefix("db.")])
        for name in sorted(_offered_for_postgresql())
        if name.removeprefix("db.") in types
    }
    return {"nodes": nodes, "databases": databases}


def _offered_for_postgresql() -> set[str]:
    folder = resources.files("cfnlint") / "data" / "schemas" / "extensions" / "aws_rds_dbinstance"
    regions = json.loads((folder / "dbinstanceclass_enum.json").read_text())
    rules = [rule for region in regions.values() for rule in region["allOf"]]
    return {
        name
        for rule in rules
        if rule["if"]["properties"]["Engine"].get("const") == "postgres"
        for name in rule["then"]["properties"]["DBInstanceClass"]["enum"]
    }


def _size(described: dict[str, Any]) -> list[int]:
    return [described["VCpuInfo"]["DefaultVCpus"], described["MemoryInfo"]["SizeInMiB"]]


def _node(described: dict[str, Any]) -> list[int]:
    network = described["NetworkInfo"]
    return [*_size(described), network["Ipv4AddressesPerInterface"], network["MaximumNetworkInterfaces"]]


def text(tables: dict[str, dict[str, list[int]]]) -> str:
    """Return the file: one line for each size."""
    parts = [
        f'"{table}": {{\n' + ",\n".join(f'"{name}": {json.dumps(row)}' for name, row in rows.items()) + "\n}"
        for table, rows in tables.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    SOURCE.write_text(text(from_packages()))
