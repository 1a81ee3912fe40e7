"""``python -m orchestration.cli`` is the ``telmart`` command."""

from orchestration.cli import main

main()
