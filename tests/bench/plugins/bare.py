"""What Python can reach: bare sockets and orjson, without anything that makes a package.

    BENCH_NAME=plugin EKUIPER_SOCKET_DIR=/tmp python bare.py POLL_MICROSECONDS

Serves what the limit in C serves: a function that returns its first argument, a source that sends
one row as fast as the host takes it, a sink that reads and forgets. It encodes and decodes each
call and row, and survives nothing: no lost connection, no exception, no message that is cut.
"""

import os
import socket
import sys
import threading
import time
from struct import Struct

import orjson

REQ, PUSH, PULL = 0x30, 0x50, 0x51
ROOM = 1 << 21
PATIENCE = int(sys.argv[1]) * 1000
DIRECTORY = os.environ.get("EKUIPER_SOCKET_DIR", "/tmp")
ROW = {"n": 1, "name": "xxxxx", "value": 2.5}

head = Struct(">BQ").pack
request_head = Struct(">BQI").pack


def path_of(name):
    return f"{DIRECTORY}/{name}.ipc"


def greet(sock, protocol):
    sock.send(b"\0SP\0\0%c\0\0" % protocol)
    sock.recv(8, socket.MSG_WAITALL)


def dial(name, protocol):
    sock = socket.socket(socket.AF_UNIX)
    for _ in range(500):
        try:
            sock.connect(path_of(name))
            break
        except OSError:
            time.sleep(0.01)
    greet(sock, protocol)
    return sock


class Exchange:
    """One REQ connection."""

    def __init__(self, name):
        self.sock = dial(name, REQ)
        self.id = 1 << 31
        self.say(b"handshake")

    def say(self, text):
        self.id += 1
        self.sock.send(request_head(1, len(text) + 4, self.id) + text)

    def hear(self, patience=0):
        data = self.look(patience) or self.sock.recv(ROOM)
        if not data:
            os._exit(0)  # the host has gone
        return orjson.loads(data[13:])

    def look(self, patience):
        recv, clock, at_once = self.sock.recv, time.perf_counter_ns, socket.MSG_DONTWAIT
        end = clock() + patience
        while clock() < end:
            try:
                return recv(65536, at_once)
            except BlockingIOError:
                pass
        return b""


def function(name):
    exchange = Exchange(f"func_{name}")
    while True:
        call = exchange.hear(PATIENCE)
        func = call["func"]
        result = call["arg"][0] if func == "Exec" else "" if func == "Validate" else False
        exchange.say(orjson.dumps({"state": True, "result": result}))


def source(channel):
    send = dial(channel, PUSH).send
    try:
        while True:
            row = orjson.dumps({"message": ROW, "meta": None})
            send(head(1, len(row)) + row)
    except OSError:
        pass  # stopped


def sink(listener):
    sock, _ = listener.accept()
    greet(sock, PULL)
    while sock.recv(262144):
        pass


def listen(channel):
    path = path_of(channel)
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    return listener


def start(target, argument):
    threading.Thread(target=target, args=(argument,), daemon=True).start()


def main():
    control = Exchange(f"plugin_{os.environ['BENCH_NAME']}")
    functions = set()
    while True:
        order = control.hear()
        command = orjson.loads(order["arg"])
        meta, kind, name = command["meta"], command["pluginType"], command["symbolName"]
        channel = f"{meta['ruleId']}_{meta['opId']}_{meta['instanceId']}"
        if order["cmd"] == "start":
            if kind == "source":
                start(source, channel)
            elif kind == "sink":
                start(sink, listen(channel))
            elif name not in functions:
                functions.add(name)
                start(function, name)
        control.say(b"ok")


if __name__ == "__main__":
    main()
