"""Topics, partitions and where they are placed. No socket, clock, disk or await in here."""
