"""Stand-ins for the two children, and a supervisor of them as a real process. Run as ``python children.py <role> …``."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socketserver
import stat
import sys
import threading
import time
from pathlib import Path


def note(folder, name, text):
    with (Path(folder) / name).open("a") as file:
        file.write(f"{text}\n")


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = self.server.ready()
        body = json.dumps({"ready": ready, "checks": {"store": {"ok": ready, "detail": "warming up"}}}).encode()
        self.send_response(200 if ready else 503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


class Status(socketserver.ThreadingMixIn, http.server.HTTPServer):
    allow_reuse_address = True
    daemon_threads = True


def envoy_lives(folder):
    file = Path(folder) / "envoy.up"
    return file.exists() and Path(f"/proc/{file.read_text()}").exists()


def control(folder, port):
    note(folder, "control.pids", os.getpid())
    if (Path(folder) / "control.fails").exists():
        say("doorward.yaml:3: no such application")
        sys.exit(1)
    if stat.S_ISFIFO(os.fstat(int(os.environ["DOORWARD_PARENT_FD"])).st_mode):
        note(folder, "control.leashed", "by a pipe")
    signal.signal(signal.SIGHUP, lambda *_: note(folder, "control.reloads", "again"))
    if (Path(folder) / "control.stubborn").exists():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    say("control is here")
    while (Path(folder) / "control.slow").exists():
        time.sleep(0.05)
    (Path(os.environ["SOCKETS"]) / "xds.sock").touch()
    status = Status(("127.0.0.1", port), Answers)
    status.ready = lambda: not (Path(folder) / "control.unready").exists() and envoy_lives(folder)
    threading.Thread(target=status.serve_forever, daemon=True).start()
    while True:
        time.sleep(0.05)


def envoy(folder):
    note(folder, "envoy.pids", os.getpid())
    if (Path(folder) / "envoy.fails").exists():
        say("cannot bind")
        sys.exit(1)
    (Path(folder) / "envoy.up").write_text(str(os.getpid()))
    say("envoy \x1b[31mis here eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2ln")
    say('{"level": "info", "event": "as it is"}')
    while True:
        time.sleep(0.05)


def supervisor(folder, port, form, bootstrap):
    # Not at the top: the stand-ins of the children start in no time without it.
    from doorward import journal
    from doorward.supervisor.output import Output, OwnLines
    from doorward.supervisor.runtime import runtime_folder
    from doorward.supervisor.watch import Supervision

    output = Output(form)
    journal.configure(form, stream=OwnLines("doorward", output), colour=False)
    with runtime_folder({"XDG_RUNTIME_DIR": folder}) as runtime:
        note(folder, "runtimes", runtime)
        if bootstrap:
            text = Path(bootstrap).read_text().replace("@ADMIN@", str(runtime / "admin.sock"))
            (runtime / "envoy.json").write_text(text)
        return Supervision(plan(folder, port, runtime, real=bool(bootstrap)), output).run()


def plan(folder, port, runtime, *, real):
    from doorward.supervisor.child import Command
    from doorward.supervisor.watch import Plan

    python = (sys.executable, __file__)
    return Plan(
        control=Command(
            "control", (*python, "control", folder, str(port)), {"SOCKETS": str(runtime)}, leashed=True, escape=False
        ),
        envoy=Command("envoy", real_envoy(runtime) if real else (*python, "envoy", folder), after=runtime / "xds.sock"),
        admin=runtime / "admin.sock",
        status=("127.0.0.1", port),
        ready=lambda: say("READY"),
        drain=5.0,
        grace=2.0,
        patience=2.0,
    )


def real_envoy(runtime):
    from doorward.edge import envoy

    line = envoy.command(envoy.binary(), runtime / "envoy.json", 1)
    return (*line, "--drain-strategy", "immediate")


if __name__ == "__main__":
    role, folder, *rest = sys.argv[1:]
    if role == "control":
        control(folder, int(rest[0]))
    elif role == "envoy":
        envoy(folder)
    else:
        sys.exit(supervisor(folder, int(rest[0]), rest[1], rest[2] if len(rest) > 2 else ""))
