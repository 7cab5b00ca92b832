"""pybroker as its users start it: the command, in a process of its own."""

import os
import sys
from pathlib import Path

from compat.process import HOST, BrokerProcess


class PybrokerProcess(BrokerProcess):
    """One pybroker. `settings` are handed over with `--set`."""

    name = "pybroker"

    def command(self) -> list[str]:
        """Give the command that starts the broker; PYBROKER names another executable."""
        executable = os.environ.get("PYBROKER") or str(Path(sys.executable).with_name("pybroker"))
        overrides = [f"--set={key}={value}" for key, value in self.settings.items()]
        return [
            *(executable, "serve", "--data-dir", str(self.data_dir / "data")),
            *(f"--set=listeners=PLAINTEXT://{HOST}:{self.port}", *overrides),
        ]
