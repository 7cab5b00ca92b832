"""What the example publishes: generated bank transactions, and log lines of this machine.

Promises:
  * The same seed gives the same transactions. Their columns are those of PaySim, a public data set
    of mobile payments. A customer's transactions are in order: each begins with the balance that
    the last one left.
  * Log lines are those that this user may read below /var/log; where there are none, they are what
    this process logs itself.
"""
# ruff: noqa: N815 - The columns have the data set's names.

import csv
import io
import logging
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

LOG_FOLDER = Path("/var/log")
LOG_LINES_LIMIT = 20_000
LOG_FILE_BYTES_LIMIT = 4 * 1024 * 1024
OWN_LOG_LINES = 1_000

TRANSACTIONS_PER_STEP = 500
CENT = Decimal("0.01")
FLAGGED_AMOUNT = Decimal(200_000)
# Kinds of transactions, and how often each is seen in the data set, in per cent.
KINDS = {"CASH_OUT": 35, "PAYMENT": 34, "CASH_IN": 22, "TRANSFER": 8, "DEBIT": 1}
EMPTIED_ACCOUNTS_PER_1000_TRANSFERS = 20


class Transaction(NamedTuple):
    """One row of the data set."""

    step: int
    type: str
    amount: Decimal
    nameOrig: str
    oldbalanceOrg: Decimal
    newbalanceOrig: Decimal
    nameDest: str
    oldbalanceDest: Decimal
    newbalanceDest: Decimal
    isFraud: int
    isFlaggedFraud: int

    def to_csv(self) -> bytes:
        """Write the row."""
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(self)
        return line.getvalue().encode()

    @classmethod
    def from_csv(cls, line: bytes) -> "Transaction":
        """Read a row."""
        (row,) = csv.reader([line.decode()])
        step, kind, amount, origin, old, new, destination, old_dest, new_dest, fraud, flagged = row
        return cls(
            int(step),
            kind,
            Decimal(amount),
            origin,
            Decimal(old),
            Decimal(new),
            destination,
            Decimal(old_dest),
            Decimal(new_dest),
            int(fraud),
            int(flagged),
        )


def generate_transactions(count: int, customers: int, seed: int) -> Iterator[Transaction]:
    """Let customers pay, withdraw and transfer."""
    generator = random.Random(seed)
    names = [f"C{generator.randrange(10**8, 10**9)}" for _ in range(customers)]
    balances = {name: money(generator, 50_000) for name in names}
    for number in range(count):
        origin = generator.choice(names)
        (kind,) = generator.choices(list(KINDS), list(KINDS.values()))
        old = balances[origin]
        is_fraud = (
            kind == "TRANSFER" and generator.randrange(1_000) < EMPTIED_ACCOUNTS_PER_1000_TRANSFERS
        )
        amount = old if is_fraud else money(generator, 400_000 if kind == "TRANSFER" else 20_000)
        # An account is never overdrawn: what it does not have is not paid.
        new = old + amount if kind == "CASH_IN" else max(Decimal(0), old - amount)
        balances[origin] = new
        to_shop = kind == "PAYMENT"
        old_destination = Decimal(0) if to_shop else money(generator, 100_000)
        yield Transaction(
            step=1 + number // TRANSACTIONS_PER_STEP,
            type=kind,
            amount=amount,
            nameOrig=origin,
            oldbalanceOrg=old,
            newbalanceOrig=new,
            nameDest=f"{'M' if to_shop else 'C'}{generator.randrange(10**9, 10**10)}",
            oldbalanceDest=old_destination,
            newbalanceDest=old_destination if to_shop else old_destination + amount,
            isFraud=int(is_fraud),
            isFlaggedFraud=int(kind == "TRANSFER" and amount > FLAGGED_AMOUNT),
        )


def money(generator: random.Random, limit: int) -> Decimal:
    """Draw an amount with cents."""
    return Decimal(generator.randrange(1, limit * 100)) * CENT


def read_log_lines() -> Iterator[tuple[str, bytes]]:
    """Give (file name, line) of this machine's log files, the newest files first."""
    left = LOG_LINES_LIMIT
    for file in log_files():
        try:
            data = file.read_bytes()[-LOG_FILE_BYTES_LIMIT:]
        except OSError:
            continue
        for line in data.splitlines():
            if line and left:
                left -= 1
                yield file.name, line
    if left == LOG_LINES_LIMIT:
        yield from own_log_lines()


def log_files() -> list[Path]:
    """Find the log files, not their compressed forebears."""
    found = [file for file in LOG_FOLDER.rglob("*.log") if file.is_file()]
    return sorted(found, key=lambda file: file.stat().st_mtime, reverse=True)


def own_log_lines() -> Iterator[tuple[str, bytes]]:
    """Log something, and give what was logged."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    logger = logging.Logger("example")  # noqa: LOG001 - Its own, so that nothing else hears of it.
    logger.addHandler(handler)
    for number in range(OWN_LOG_LINES):
        logger.log(logging.WARNING if number % 10 == 0 else logging.INFO, "line %d", number)
    for line in written.getvalue().encode().splitlines():
        yield "this-process.log", line
