"""A plain server that knows nothing of SeamlessReboot: says each line back. Under "seamless-angel run --listen" a new version of it
takes over without a refused connection, and the old one goes on with its guests until they leave or --stop-timeout is over."""

import os
import select
import signal
import socket
import threading


def serve(guest):
    with guest, guest.makefile("r") as lines:
        for line in lines:
            guest.sendall(f"process {os.getpid()}: {line}".encode())


if os.environ.get("LISTEN_PID") == str(os.getpid()):  # the angel, or systemd, has opened the port: descriptor 3
    listener = socket.socket(fileno=3)
else:
    listener = socket.create_server(("127.0.0.1", 4000))
listener.setblocking(False)  # another version may accept from it at the same time

sleeper, waker = socket.socketpair()
waker.setblocking(False)
signal.set_wakeup_fd(waker.fileno())
signal.signal(signal.SIGTERM, lambda *_: None)  # no more than: wake up

while sleeper not in (ready := select.select([listener, sleeper], [], [])[0]):
    try:
        guest, _ = listener.accept()
    except BlockingIOError:
        continue
    guest.setblocking(True)
    threading.Thread(target=serve, args=(guest,)).start()
