"""A tenant's rows as one checked file: written by `tenantry tenants export`, read by `tenantry tenants import`."""
