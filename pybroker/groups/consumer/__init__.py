"""The consumer group protocol (KIP-848), decided by the broker. docs/groups.md draws the states.

`group` and `member` hold the state; `heartbeat`, `leave` and `expire` are the conversations;
`target` and `assignors/` compute who shall have what, `reconcile` moves a member there; `snapshot`
is what the store keeps. `classic_members` and `conversion` are for groups of both kinds of member.
"""
