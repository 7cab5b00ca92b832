"""Consumer groups: the classic protocol and committed offsets. No socket, clock, disk or await.

`coordinator` owns the groups and is what handlers call; the rest decides. A decision takes the
state, the request and the time, and gives the response, the changes to store, and the answers of
those who waited.
"""
