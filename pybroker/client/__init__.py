"""A small blocking client, for the command line: it asks any Kafka what administrators ask.

`connection` is one connection, which speaks the newest version that both sides know; `cluster`
knows the brokers and finds who leads and who coordinates; `groups` reads and sets groups. Errors
are `KafkaError`, in the broker's words where it has some, and `Unreachable`.
"""
