"""The offline postgresql plugin: the resources of pulumi-postgresql, as real SQL over psycopg."""
