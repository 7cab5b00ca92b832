"""Control state: everything that is not a record, in one SQL database.

`Store` is the connection; `topics`, `producer_ids`, `groups` and `cluster` hold one area each: its
tables, its change types, the statement of every change type, and how to load it. `schema` puts the
areas together.
"""

from pybroker.store.database import Change, Store, StoreError

__all__ = ["Change", "Store", "StoreError"]
