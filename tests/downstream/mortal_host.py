"""A host that is there to be killed: `mortal_host.py CONTROL_URL DATA_URL START PYTHON PLUGIN`.

It spawns the plugin, sends the START command and says, in a line, the plugin's process id; then it
waits until it is killed.
"""

import subprocess
import sys

import pynng


def main(control_url: str, data_url: str, start: str, python: str, plugin: str) -> None:
    with (
        pynng.Rep0(listen=control_url, recv_timeout=20_000) as control,
        pynng.Pull0(listen=data_url, recv_timeout=20_000) as rows,
    ):
        command = [python, "-u", plugin, '{"sendTimeout":1000}']
        process = subprocess.Popen(command, stdout=sys.stderr)
        control.recv()
        control.send(start.encode())
        assert control.recv() == b"ok"
        rows.recv()
        print(process.pid, flush=True)
        process.wait()


main(*sys.argv[1:])
