"""The process: one line with the port on standard output, then service until a signal or the engine's death.

The engine starts it as `pulumi-language-python [flags] ENGINE_ADDRESS`.
"""

import argparse
import logging
import os
import select
import signal
import sys
from concurrent import futures
from pathlib import Path

import grpc

from infra.paths import BIN
from infra.sandbox.plugins import protocol
from infra.sandbox.plugins.language import quiet
from infra.sandbox.plugins.language.host import LanguageHost, language_pb2_grpc
from infra.sandbox.plugins.language.program import GRACE, Children

_WORKERS = 32  # one for each program or plugin that runs, and some for short requests
_ORPHAN_GRACE = 1.0  # seconds for a program whose engine is gone: nothing that it does can succeed


def main() -> None:
    """Serve one engine."""
    arguments = _arguments()
    ending = _Ending()
    children = Children()
    if not arguments.verbose:
        logging.getLogger("grpc").addHandler(logging.NullHandler())  # the engine shows the error already
        logging.getLogger("grpc").propagate = False
    options = [
        ("grpc.max_receive_message_length", protocol.MESSAGE_LIMIT),
        ("grpc.max_send_message_length", protocol.MESSAGE_LIMIT),
        ("grpc.so_reuseport", 0),
    ]
    server = grpc.server(futures.ThreadPoolExecutor(_WORKERS), options=options)
    debug = bool(arguments.verbose) or not quiet.is_wanted(quiet.engine_command(), os.environ)
    host = LanguageHost(arguments.use_executor, arguments.engine, children, arguments.tracing, debug=debug)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()

    ended_by_signal = ending.wait()
    children.stop(GRACE if ended_by_signal else _ORPHAN_GRACE)
    server.stop(GRACE).wait()  # the requests under way answer first: their programs have ended
    if not ended_by_signal and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # what the program itself started, and this process last of all


class _Ending:
    """Why the process must end: a signal, or the engine's death, known by the end of its pipe to standard input."""

    def __init__(self) -> None:
        self._signals, wakeup = os.pipe()
        os.set_blocking(wakeup, False)
        signal.set_wakeup_fd(wakeup)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: None)  # it is the pipe that tells

    def wait(self) -> bool:
        """Wait, and return whether it was a signal."""
        poll = select.poll()
        poll.register(self._signals, select.POLLIN)
        poll.register(sys.stdin.fileno(), 0)  # only a hang-up: nobody writes there, and a terminal must not end it
        return any(descriptor == self._signals for descriptor, _ in poll.poll())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="pulumi-language-python", description="Tenantry's Python language host")
    parser.add_argument("engine", nargs="?", default="", help="the engine's address, as 127.0.0.1:41234")
    parser.add_argument("--use-executor", type=Path, default=BIN / "pulumi-language-python-exec", metavar="FILE")
    parser.add_argument("--tracing", default="", metavar="ADDRESS")
    parser.add_argument("--logtostderr", action="store_true")
    parser.add_argument("-v", dest="verbose", type=int, default=0, metavar="LEVEL")
    return parser.parse_args()


if __name__ == "__main__":
    main()
