"""What the broker has given out, written down as it answers, and what must hold of it.

  * Never is a partition given to two members in one epoch.
  * Every commit that is accepted comes from the owner of the partition in its epoch, who still has
    it.

Epochs are generations of a classic group and member epochs of a consumer group. They go on when a
group changes its protocol; a group that was empty may begin anew, and so does the ledger.
"""

from collections.abc import Iterable

Partition = tuple[str, int]


class Ledger:
    """Owners by partition and epoch. An owner is an instance id, or a member id without one."""

    def __init__(self) -> None:
        # By partition, (epoch, owner) in the order in which they were given.
        self._given: dict[Partition, dict[int, str]] = {}
        self.commits = 0

    def begin_anew(self) -> None:
        """Forget, because nobody is in the group."""
        self._given.clear()

    def give(self, partitions: Iterable[Partition], epoch: int, owner: str) -> None:
        """Note that a member was told what it owns in an epoch."""
        for partition in partitions:
            owners = self._given.setdefault(partition, {})
            known = owners.setdefault(epoch, owner)
            assert known == owner, f"{partition} in epoch {epoch}: {known} and {owner}"

    def commit(
        self, partitions: Iterable[Partition], epoch: int, owner: str, *, is_present: bool
    ) -> None:
        """Check a commit that was accepted.

        Nobody has had the partition since its epoch; or, as in Kafka, the epoch is the member's
        present one, in which it has given up the partition by and by.
        """
        self.commits += 1
        for partition in partitions:
            owners = self._given.get(partition, {})
            until = epoch if is_present else max(owners, default=epoch)
            last = max((each for each in owners if each <= until), default=None)
            assert last is not None, f"{owner} committed {partition} in {epoch}: it had no owner"
            assert min(owners) <= epoch, f"{owner} committed {partition} in {epoch}, too early"
            assert owners[last] == owner, (
                f"{owner} committed {partition} in {epoch}: it was {owners[last]}'s in {last}"
            )
