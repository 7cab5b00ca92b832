"""Groups under seeded schedules: members of every kind, a bad network, a broker that fails.

`world` plays a schedule, `clients` are the members, `ledger` knows who may own what.
"""
