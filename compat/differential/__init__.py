"""The same raw conversation with the real Kafka and with pybroker, and what they answer.

`conversations/` says what is sent, `play.py` sends it, `normalise.py` takes out what no two brokers
have in common, `compare.py` names what differs. `recorded/` keeps the answers of the real Kafka, so
that the tests need no Java; FINDINGS.md lists the differences on purpose.
"""
