"""The classic group protocol: JoinGroup, SyncGroup, Heartbeat and LeaveGroup, one module each.

`group` holds the state and draws its machine, `rebalance` moves it from one generation to the next,
`expire` says what happens when a deadline passes, `snapshot` is what the store keeps of it.
"""
