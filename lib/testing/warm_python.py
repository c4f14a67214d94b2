"""Runs a program as Python does, but where PyTorch, transformers and PEFT are loaded already, as loading them
takes longer than most programs of the tests do.

Usage: python warm_python.py PID -c SCRIPT [ARG...], or python warm_python.py PID FILE [ARG...]

Whoever comes first leaves a process behind that loads them once, and of which each program gets a copy. That
process ends when the process PID, that of the tests, is gone.
"""

import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
import types


def main(owner: str, program: str, *args: str) -> int:
    """Has a program run on the streams of this process; its exit code."""
    folder = f"{tempfile.gettempdir()}/polytropos-python-{owner}"
    start(folder, int(owner))
    if program == "-c":
        name, (script, *args) = "<string>", args
    else:
        name, script = program, open(program, encoding="utf-8").read()
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connect(connection, f"{folder}/socket")
            socket.send_fds(connection, [b"\n"], [0, 1, 2])
            request = {"name": name, "script": script, "args": [program, *args], "folder": os.getcwd()}
            connection.sendall(json.dumps(request).encode() + b"\n")
            code = connection.recv(8)
        if code != b"":
            return int(code)
    except OSError as error:
        print(error, file=sys.stderr)
    print("The program, or what loads PyTorch for it, ended without an exit code", file=sys.stderr)
    with open(f"{folder}/log", encoding="utf-8", errors="replace") as log:
        print(log.read(), file=sys.stderr)
    return 1


def connect(connection: socket.socket, path: str) -> None:
    """Connects as soon as whoever came first listens."""
    for patience in range(100, -1, -1):
        try:
            return connection.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            if patience == 0:
                raise
            time.sleep(0.02)


def start(folder: str, owner: int) -> None:
    """Leaves behind the process that loads the libraries, where there is none yet."""
    try:
        os.mkdir(folder)
    except FileExistsError:
        return
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{folder}/socket")
    listener.listen(64)  # who connects by now waits until everything is loaded
    if os.fork() != 0:
        return listener.close()
    os.setsid()
    log = os.open(f"{folder}/log", os.O_WRONLY | os.O_CREAT)
    for stream, to in enumerate([os.open(os.devnull, os.O_RDONLY), log, log]):
        os.dup2(to, stream)
    try:
        serve(listener, owner)
    except BaseException:
        traceback.print_exc()  # into the log, which is read where a program gives no exit code
        listener.close()
    while is_alive(owner):
        time.sleep(1)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def serve(listener: socket.socket, owner: int) -> None:
    import peft  # noqa: F401
    import torch  # noqa: F401
    from transformers import (  # noqa: F401
        AutoModelForCausalLM,
        AutoModelForSeq2SeqLM,
        LlamaForCausalLM,
        T5ForConditionalGeneration,
    )

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # copies that have ended are nobody's concern
    while is_alive(owner):
        if not select.select([listener], [], [], 1)[0]:
            continue
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            try:
                answer(connection)
            finally:
                os._exit(0)
        connection.close()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def answer(connection: socket.socket) -> None:
    """Runs the program that is asked for, on the streams that come with it, and says its exit code."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    for stream, given in enumerate(streams):
        os.dup2(given, stream)
        os.close(given)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")
    request = json.loads(connection.makefile(encoding="utf-8").readline())
    os.chdir(request["folder"])
    code = run(request["name"], request["script"], request["args"])
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(str(code).encode())


def run(name: str, script: str, args: list[str]) -> int:
    sys.argv = args
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        exec(compile(script, name, "exec"), sys.modules["__main__"].__dict__)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
