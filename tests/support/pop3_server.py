"""pop3_server.py - a POP3 server with a state, for what Dovecot cannot be made to do: no UIDL, no TOP, no
CAPA, and a session that is cut at any line (RFC 1939: what was not QUIT is not deleted)."""
import socket
import threading


class Pop3Server:
    def __init__(self, *messages, uidl=True, top=True, capa=True, pipelining=True):
        self.messages = list(messages)  # bytes with CRLF; what QUIT removes is gone
        self.uids = [f"uid{n}" for n in range(len(messages))]
        self.uidl, self.top, self.capa, self.pipelining = uidl, top, capa, pipelining
        self.cut = 0       # end the connection instead of sending this line (1 is the first)
        self.lines = 0
        self.commands = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def add(self, message):
        with self.lock:
            self.uids.append(f"uid{len(self.uids) + 100}")
            self.messages.append(message)

    def url(self, user="bob"):
        return f"pop3://{user}@127.0.0.1:{self.port}"

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            with client, self.lock:
                try:
                    self.session(client)
                except (OSError, EOFError):
                    pass

    def say(self, *lines):
        for line in lines:
            self.lines += 1
            if self.cut and self.lines >= self.cut:
                raise EOFError
            self.client.sendall(line + b"\r\n")

    def many(self, first, lines):
        self.say(first, *[b"." + line if line.startswith(b".") else line for line in lines], b".")

    def session(self, client):
        self.client, doomed = client, set()
        here = list(zip(self.uids, self.messages))
        self.say(b"+OK ready")
        for line in client.makefile("rb"):
            words = line.decode("latin-1").split()
            self.commands.append(" ".join(words[:1] if words[:1] == ["PASS"] else words))
            command, args = words[0].upper(), words[1:]
            alive = [(n, m) for n, m in enumerate(here, 1) if n not in doomed]
            if command == "CAPA" and self.capa:
                names = [b"USER"] + [b"UIDL"] * self.uidl + [b"TOP"] * self.top + [b"PIPELINING"] * self.pipelining
                self.many(b"+OK", names)
            elif command in ("USER", "PASS", "NOOP"):
                self.say(b"+OK")
            elif command == "STAT":
                self.say(b"+OK %d %d" % (len(alive), sum(len(m[1]) for _, m in alive)))
            elif command == "LIST":
                self.many(b"+OK", [b"%d %d" % (n, len(m[1])) for n, m in alive])
            elif command == "UIDL" and self.uidl:
                self.many(b"+OK", [b"%d %s" % (n, m[0].encode()) for n, m in alive])
            elif command == "RETR":
                self.many(b"+OK", here[int(args[0]) - 1][1].rstrip(b"\r\n").split(b"\r\n"))
            elif command == "TOP" and self.top:
                head, _, body = here[int(args[0]) - 1][1].partition(b"\r\n\r\n")
                self.many(b"+OK", head.split(b"\r\n") + [b""] + body.split(b"\r\n")[:int(args[1])])
            elif command == "DELE":
                doomed.add(int(args[0]))
                self.say(b"+OK")
            elif command == "RSET":
                doomed.clear()
                self.say(b"+OK")
            elif command == "QUIT":
                kept = [m for n, m in enumerate(here, 1) if n not in doomed]
                self.uids, self.messages = [u for u, _ in kept], [m for _, m in kept]
                self.say(b"+OK bye")
                return
            else:
                self.say(b"-ERR unknown")
