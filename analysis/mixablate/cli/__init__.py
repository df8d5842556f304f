"""Arguments, progress, printing and exit codes; nothing else."""

from mixablate.cli.program import main

__all__ = ["main"]
