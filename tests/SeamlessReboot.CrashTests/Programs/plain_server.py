"""A server that knows nothing of SeamlessReboot: it accepts on the socket that it was given, as socketmaster, einhorn and systemd give it,
answers a line with its own number and the line, and ends when it is asked to, after the connections that it has."""
import os
import select
import signal
import socket
import sys


def inherited():
    if "EINHORN_FDS" in os.environ:
        return [int(fd) for fd in os.environ["EINHORN_FDS"].split()]
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        return list(range(3, 3 + int(os.environ["LISTEN_FDS"])))
    sys.exit("nobody has given me a socket")


def answer(connection):
    with connection:
        text = b""
        while not text.endswith(b"\n"):
            more = connection.recv(1000)
            if not more:
                return
            text += more
        connection.sendall(b"%d %s" % (os.getpid(), text))


def notify(message):
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(message, "\0" + path[1:] if path.startswith("@") else path)


listener = socket.socket(fileno=inherited()[0])
listener.setblocking(False)
wake, woken = socket.socketpair()
woken.setblocking(False)
signal.set_wakeup_fd(woken.fileno())
signal.signal(signal.SIGTERM, lambda *_: None)
if "--notify" in sys.argv:
    notify(b"READY=1")
print("plain server", os.getpid(), flush=True)
while True:
    readable = select.select([listener, wake], [], [])[0]
    if wake in readable:
        break
    try:
        accepted, _ = listener.accept()
    except BlockingIOError:
        continue  # the other one was quicker
    accepted.setblocking(True)
    answer(accepted)
