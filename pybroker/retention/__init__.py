"""When old records go: the schedule by which the broker looks after its logs."""
