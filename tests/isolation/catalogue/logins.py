"""Ways to connect to where the target's data is, or as the target."""

from typing import Final

from tests.isolation.model import Login

LOGINS: Final = (
    Login(
        "its own login to the target's database, if that is another",
        {"dbname": "{b_database}", "options": "-c role={b_role}"},
    ),
    Login("its own login as the target's owner from the start", {"options": "-c role={b_owner}"}),
    Login("the target's name with its own password", {"user": "{b_role}", "dbname": "{b_database}"}),
    Login("the target's name without a password", {"user": "{b_role}", "dbname": "{b_database}", "password": ""}),
    Login("the target's owner, which has no password", {"user": "{b_owner}", "dbname": "{b_database}"}),
    Login("the target's reader, which has no password", {"user": "{b_reader}", "dbname": "{b_database}"}),
    Login("the superuser with its own password", {"user": "postgres", "dbname": "{b_database}"}),
    Login("the superuser's session by an option", {"options": "-c session_authorization=postgres"}),
    Login("its own login for replication", {"dbname": "{b_database}", "replication": "database"}),
)
