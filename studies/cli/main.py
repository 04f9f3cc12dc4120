"""The ``linksim`` command. Nothing heavy is imported before a command runs."""

import io
import os
import signal
import sys
import threading
import warnings
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import TextIO

from linksim import __version__
from linksim.errors import LinksimError, LinksimWarning
from linksim.plugins import import_from
from linksim.startup import import_tensorflow, quiet_tensorflow
from studies.cli.arguments import path
from studies.cli.command import COMMANDS, Command
from studies.cli.parser import Parser, add_parts


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; by default those of the process.

    Returns
    -------
    int
        0 done, 1 some points failed, 2 bad input, 130 interrupted by Ctrl-C or SIGTERM.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _prepare_streams()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        common, rest = common_parser().parse_known_args(arguments)
        for folder in common.folders:
            import_from(folder)
        args = command_parser().parse_args(rest)
        args.argv, args.folders = arguments, common.folders
        _prepare_tensorflow(common.device)
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            code = args.run(args)
        sys.stdout.flush()  # a closed stream is to show here, not when the interpreter ends
        return code
    except LinksimError as error:
        print(f"linksim: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("linksim: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # as in `linksim channels | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        print("linksim: out of memory; use a shorter clip or fewer slots", file=sys.stderr)
        return 2
    except OSError as error:
        where = error.filename or "standard output"
        print(f"linksim: {where}: {error.strerror or error}", file=sys.stderr)
        return 2
    except SystemExit as exit_:  # --help and --version
        return int(exit_.code or 0)


def command_parser() -> Parser:
    """Return the parser of all commands."""
    parser = Parser(
        prog="linksim",
        description="Wireless link-level simulation with media endpoints.",
        parents=[common_parser()],
    )
    parser.add_argument("--version", action="version", version=f"linksim {__version__}")
    add_parts(parser, COMMANDS, _fill, dest="command", metavar="COMMAND")
    return parser


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    text = warnings.formatwarning(message, category, filename, lineno, line)
    if issubclass(category, LinksimWarning):
        text = f"linksim: warning: {' '.join(str(message).split())}\n"
    sys.stderr.write(text)


def _fill(parser: ArgumentParser, command: Command) -> None:
    parser.set_defaults(run=command.run)  # unless a sub-command has its own
    command.add_flags(parser)


def common_parser() -> Parser:
    """Return the parser of what may stand before and after the command."""
    parser = Parser(prog="linksim", add_help=False)
    parser.add_argument(
        "--device", choices=("cpu", "gpu"), help="where to compute; default: a GPU if there is one"
    )
    text = "folder that modules of dotted paths are in; may be given again (default: a study's own)"
    parser.add_argument(
        "--import", action="append", default=[], type=path, dest="folders", metavar="DIR", help=text
    )
    return parser


def _prepare_streams() -> None:
    """Make printing safe: streams that were closed go nowhere, odd file names are escaped.

    The next file opened would else take the number of a closed stream, and get its text.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a caller may have put anything in its place
            stream.reconfigure(errors="backslashreplace")


def _prepare_tensorflow(device: str | None) -> None:
    """Set what TensorFlow reads when it is loaded, here and in worker processes."""
    quiet_tensorflow()
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    if device == "gpu" and not import_tensorflow().config.list_physical_devices("GPU"):
        raise LinksimError("--device gpu: TensorFlow finds no GPU; use --device cpu")


if __name__ == "__main__":
    sys.exit(main())
