"""Executes a notebook in a fresh kernel and writes it with its outputs.

Usage: execute.py NOTEBOOK OUT

The kernel starts in the folder of NOTEBOOK. Exits with 1 and the traceback when a cell fails.
"""

import sys
from pathlib import Path
from queue import Empty

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, CellExecutionError

# The Deno kernel may send an output after it has said that it is idle; this long nothing comes.
QUIET_SECONDS = 0.4


class PatientClient(NotebookClient):
    """Listens on after the kernel is idle, so that no late output is lost."""

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        is_idle = False
        while True:
            try:
                timeout = QUIET_SECONDS if is_idle else None
                message = await self.kc.iopub_channel.get_msg(timeout=timeout)
            except Empty:
                return
            if message["parent_header"].get("msg_id") != parent_msg_id:
                continue
            try:
                self.process_message(message, cell, cell_index)
            except CellExecutionComplete:
                is_idle = True


def main(source, target):
    notebook = nbformat.read(source, as_version=4)
    client = PatientClient(
        notebook,
        timeout=1200,
        kernel_name="deno",
        record_timing=False,  # times would make each execution another file
        resources={"metadata": {"path": str(Path(source).resolve().parent)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    nbformat.write(notebook, target)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
