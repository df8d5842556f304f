"""The command `mixablate`: which commands it has, and how everything that can go wrong becomes an exit code."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from mixablate import __version__
from mixablate.cli.check import check
from mixablate.cli.demo import demo
from mixablate.cli.describe import describe_design
from mixablate.cli.exits import CouldNotWriteError, Exit
from mixablate.cli.figure import figure
from mixablate.cli.init import init
from mixablate.cli.lock import lock
from mixablate.cli.render import report
from mixablate.cli.schema import schema
from mixablate.cli.selfcheck import selfcheck
from mixablate.cli.simulate import simulate
from mixablate.cli.validate import validate
from mixablate.errors import MixablateError, Problem

__all__ = ["exit_code", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mixablate")
def mixablate() -> None:
    """Which part of the training-data mix earned the drop, and how sure can we be?

    Start with `mixablate demo`, or with `mixablate init` in a folder that holds your tables.

    Exit codes: 0 done; 1 from check: a confirmatory claim failed, from selfcheck: a number differs; 2 bad input;
    3 could not write; 130 interrupted.
    """


for command in (init, validate, describe_design, lock, check, report, figure, demo, simulate, schema, selfcheck):
    mixablate.add_command(command)


def main() -> NoReturn:
    """The console script: runs the command line it was given and exits."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(exit_code(sys.argv[1:]))


def exit_code(arguments: Sequence[str]) -> int:
    """The exit code of one command line, everything it has to say already printed."""
    as_json = "--json" in arguments
    try:
        # Not click's own main(): it ends a broken pipe with 1, which `check` keeps for a claim that failed.
        with mixablate.make_context("mixablate", list(arguments)) as context:
            returned = mixablate.invoke(context)
        sys.stdout.flush()
        return returned if isinstance(returned, int) else Exit.DONE
    except click.exceptions.Exit as asked:
        return asked.exit_code
    except MixablateError as error:
        return _refuse(error.problems, Exit.BAD_INPUT, as_json=as_json)
    except CouldNotWriteError as error:
        return _refuse((error.problem,), Exit.COULD_NOT_WRITE, as_json=as_json)
    except click.ClickException as error:
        return _misused(error, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader went away; point stdout at nothing so that the interpreter's own flush at exit stays silent.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.COULD_NOT_WRITE
    except Exception:
        # A fault of ours. Left alone, Python would exit with 1, which `check` keeps for a claim that failed.
        traceback.print_exc()
        fault = Problem("INTERNAL", "mixablate", "a fault in mixablate itself", "none", "Please report it.")
        return _refuse((fault,), Exit.BAD_INPUT, as_json=as_json)


def _refuse(problems: Sequence[Problem], code: Exit, *, as_json: bool) -> Exit:
    from mixablate.cli.document import error_document, json_text
    from mixablate.cli.terminal import show_problems

    if as_json:
        print(json_text(error_document(problems)))
    else:
        show_problems(problems)
    return code


def _misused(error: click.ClickException, *, as_json: bool) -> Exit:
    if not as_json:
        error.show()
        return Exit.BAD_INPUT
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "mixablate"
    problem = Problem("USAGE", command, error.format_message(), "its arguments", f"See: {command} --help")
    return _refuse((problem,), Exit.BAD_INPUT, as_json=True)
