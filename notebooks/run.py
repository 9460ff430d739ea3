"""Executes notebooks that hold no outputs, and keeps none: run.py NOTEBOOK.."""

import sys
import tempfile
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

# Kernels are spoken to by sockets that only this user reaches: no port is opened.
sockets = tempfile.TemporaryDirectory()
config = Config(KernelManager={"transport": "ipc", "ip": f"{sockets.name}/kernel"})

failed = False
for path in sys.argv[1:]:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    said = None
    if any(cell.outputs or cell.execution_count for cell in code):
        said = "was committed with outputs"
    elif not any(line.startswith("assert ") for cell in code for line in cell.source.splitlines()):
        said = "asserts nothing"
    begin = time.monotonic()
    try:
        said or NotebookClient(notebook, timeout=300, config=config).execute()
    except CellExecutionError as error:
        said = str(error)
    failed |= said is not None
    print(f"{path}: FAILED: {said}" if said else f"{path}: {len(code)} cells in {time.monotonic() - begin:.1f} s")
sys.exit(failed)
