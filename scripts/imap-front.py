#!/usr/bin/python3
"""imap-front.py - what Cyrus and Courier need in front of them, for the tests (see imap_peers.py).

* DIR/mux speaks the protocol of saslauthd: four counted strings in (user, password, service, realm), one
  out, "OK" or "NO".
* With --courier it listens with TLS on a port of its own, does what Courier's login daemon does (greeting,
  CAPABILITY, LOGIN, AUTHENTICATE PLAIN), makes the Maildir at the first login, and connects the
  client to an imapd of its own.

The port, or `-`, is written to --ready-fd when both are open. It ends with SIGTERM.
"""
import argparse
import base64
import os
import select
import shlex
import signal
import socket
import ssl
import struct
import subprocess
import threading

CAPABILITY = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE"
SETTINGS = {
    "IMAP_CAPABILITY": CAPABILITY, "IMAP_KEYWORDS": "1", "IMAP_ACL": "0", "IMAP_PROXY": "0",
    "IMAP_IDLE_TIMEOUT": "1", "IMAP_MAILBOX_SANITY_CHECK": "1", "IMAP_DISABLETHREADSORT": "0",
    "IMAP_CHECK_ALL_FOLDERS": "0", "IMAP_OBSOLETE_CLIENT": "0", "IMAP_UMASK": "077", "IMAP_ULIMITD": "0",
    "IMAP_USELOCKS": "1", "IMAP_ENHANCEDIDLE": "0", "IMAP_TRASHFOLDERNAME": "Trash",
    "IMAP_MOVE_EXPUNGE_TO_TRASH": "0", "PROTOCOL": "IMAP", "TCPREMOTEIP": "127.0.0.1",
}
FOLDERS = ("Drafts", "Sent", "Trash", "Junk", "Archive")


class Front:
    def __init__(self, args):
        self.args = args
        self.users = {}
        for line in open(args.passwd, encoding="utf-8"):
            name, _, word = line.rstrip("\n").partition(":{PLAIN}")
            self.users[name] = word
        self.making = threading.Lock()
        self.watcher = f"pintail-{os.getpid()}"  # the name of the gam_server of our own

    def known(self, user, password):
        wanted = self.users.get(user, self.args.any_user)
        return bool(user) and wanted is not None and password == wanted

    # ---- saslauthd ----

    def check(self, connection):
        with connection:
            stream = connection.makefile("rb")
            fields = []
            for _ in range(4):
                head = stream.read(2)
                if len(head) < 2:
                    return
                fields.append(stream.read(struct.unpack(">H", head)[0]).decode())
            answer = b"OK" if self.known(fields[0], fields[1]) else b"NO"
            connection.sendall(struct.pack(">H", len(answer)) + answer)

    # ---- Courier ----

    def maildir(self, user):
        home = f"{self.args.dir}/mail/{user}"
        with self.making:
            if not os.path.isdir(f"{home}/Maildir"):
                for sub in ("", *(f".{f}" for f in FOLDERS)):
                    for leaf in ("tmp", "new", "cur"):
                        os.makedirs(f"{home}/Maildir.new/{sub}/{leaf}", mode=0o700)
                    if sub:
                        open(f"{home}/Maildir.new/{sub}/maildirfolder", "w").close()
                with open(f"{home}/Maildir.new/courierimapsubscribed", "w", encoding="utf-8") as f:
                    f.write("".join(f"INBOX.{name}\n" for name in FOLDERS))
                os.rename(f"{home}/Maildir.new", f"{home}/Maildir")
        return home

    def serve(self, raw, context):
        try:
            with context.wrap_socket(raw, server_side=True) as tls:
                user, tag = self.login(tls)
                if user:
                    self.connect(tls, user, tag)
        except (OSError, ValueError):
            raw.close()

    def login(self, tls):
        """(user, tag) when somebody is logged in; reads byte by byte, because what follows is imapd's."""
        def line():
            got = b""
            while not got.endswith(b"\n"):
                byte = tls.recv(1)
                if not byte or len(got) > 8192:
                    raise OSError("closed")
                got += byte
            return got.decode().rstrip("\r\n")

        def say(text):
            tls.sendall(text.encode() + b"\r\n")

        say(f"* OK [CAPABILITY {CAPABILITY} AUTH=PLAIN] Courier-IMAP ready.")
        while True:
            words = shlex.split(line())
            if len(words) < 2:
                say("* BAD what?")
                continue
            tag, verb, rest = words[0], words[1].upper(), words[2:]
            if verb == "CAPABILITY":
                say(f"* CAPABILITY {CAPABILITY} AUTH=PLAIN")
                say(f"{tag} OK done")
            elif verb == "NOOP":
                say(f"{tag} OK done")
            elif verb == "LOGOUT":
                say("* BYE")
                say(f"{tag} OK done")
                return None, None
            elif verb == "LOGIN" and len(rest) == 2 or verb == "AUTHENTICATE" and rest[0].upper() == "PLAIN":
                if verb == "AUTHENTICATE":
                    say("+ ")
                    rest = base64.b64decode(line()).decode().split("\0")[1:]
                if self.known(*rest):
                    return rest[0], tag
                say(f"{tag} NO Login failed.")
            else:
                say(f"{tag} NO Error in IMAP command received by server.")

    def connect(self, tls, user, tag):
        home = self.maildir(user)
        ours, theirs = socket.socketpair()
        env = {**SETTINGS, "PATH": "/usr/bin:/bin", "HOME": home, "AUTHENTICATED": user, "AUTHADDR": user,
               "AUTHFULLNAME": user, "MAILDIR": f"{home}/Maildir", "LD_LIBRARY_PATH": self.args.libraries,
               "LC_ALL": "C.UTF-8", "GAM_CLIENT_ID": self.watcher}
        child = subprocess.Popen([f"{self.args.courier}/usr/bin/imapd", f"{home}/Maildir"], stdin=theirs,
                                 stdout=theirs, cwd=home, env=env)
        theirs.close()
        greeting = b""
        while b"* PREAUTH" not in greeting or not greeting.endswith(b"\n"):  # we have said who it is
            byte = ours.recv(1)
            if not byte:
                break
            greeting += byte
        tls.sendall(f"{tag} OK LOGIN Ok.\r\n".encode())
        try:
            self.pump(tls, ours)
        finally:
            ours.close()
            child.wait()

    @staticmethod
    def pump(tls, plain):
        while True:
            ready = [tls] if tls.pending() else select.select([tls, plain], [], [])[0]
            for s in ready:
                data = s.recv(65536)
                if not data:
                    return
                (plain if s is tls else tls).sendall(data)


def accept(listener, serve, *args):
    while True:
        connection, _ = listener.accept()
        if connection.family == socket.AF_INET:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection, *args), daemon=True).start()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("dir", "cert", "key", "passwd", "any-user", "courier", "libraries", "ready-fd"):
        parser.add_argument(f"--{name}")
    args = parser.parse_args()
    front = Front(args)
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    mux = socket.socket(socket.AF_UNIX)
    mux.bind(f"{args.dir}/mux")
    mux.listen(64)
    threading.Thread(target=accept, args=(mux, front.check), daemon=True).start()
    port = "-"
    if args.courier:
        subprocess.Popen([f"{args.courier}/usr/libexec/gam_server", "--notimeout", front.watcher],
                         env={"LD_LIBRARY_PATH": args.libraries, "PATH": "/usr/bin:/bin"}, close_fds=True)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(args.cert, args.key)
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        port = listener.getsockname()[1]
        threading.Thread(target=accept, args=(listener, front.serve, context), daemon=True).start()
    with os.fdopen(int(args.ready_fd), "w") as f:
        f.write(f"{port}\n")
    signal.pause()


main()
