"""TLS: STARTTLS and implicit, certificates verified, one trusted by its fingerprint."""
import hashlib
import os
import socket
import ssl
import subprocess
import threading
from support.home import message

PROTOCOLS = ("imap", "pop3", "smtp")


def urls(t, protocol, tls, host="localhost", user=None):
    port = t.env[f"{protocol.upper()}{'S' if tls else ''}_PORT"]
    return f"{protocol}{'s' if tls else ''}://{user or t.ada}@{host}:{port}"


def account(t, protocol, tls, host="localhost", **settings):
    if protocol == "imap":
        return t.imap(imap=urls(t, "imap", tls, host), smtp=None, **settings)
    if protocol == "pop3":
        return t.pop3(name="work", user=t.ada, pop3=urls(t, "pop3", tls, host), smtp=None, **settings)
    return t.imap(imap=None, smtp=urls(t, "smtp", tls, host), **settings)


def use(t, protocol, *options):
    if protocol == "smtp":
        return t.run(*options, "send", "-s", "x", f"{t.bob}@example.org", input=b"x\n")
    return t.run(*options, "sync")


def test_starttls_and_implicit(t):
    t.deliver(t.ada, message("hello"))
    for protocol in PROTOCOLS:
        for tls in (True, False):
            log = f"{t.home}/log-{protocol}-{tls}"
            t.rc(account(t, protocol, tls))
            done = use(t, protocol, "-d", log)
            assert done.status == 0, (protocol, tls, done)
            text = open(log, encoding="utf-8").read()
            said = "STLS" if protocol == "pop3" else "STARTTLS"
            assert (f"> {said}" in text or f" {said}\n" in text) == (not tls), text[:2000]


def test_unknown_authority(t):
    for protocol in PROTOCOLS:
        for tls in (True, False):
            t.rc(account(t, protocol, tls, tls_ca=None))
            done = use(t, protocol, "-d", f"{t.home}/log")
            assert done.status == 76, (protocol, tls, done)
            assert "SHA-256" in done.err and "tls-trust" in done.err and "Pintail demo CA" in done.err, done.err
            text = open(f"{t.home}/log", encoding="utf-8").read()
            for word in ("LOGIN", "AUTHENTICATE", "USER", "PASS", "AUTH "):
                assert f"> {word}" not in text and f" {word} \"" not in text, (word, text)


def test_wrong_host_name(t):
    other = socket.gethostname()
    try:
        if socket.gethostbyname(other) == "0.0.0.0":
            raise OSError
        socket.create_connection((other, int(t.env["IMAPS_PORT"])), 2).close()
    except OSError:
        other = "127.0.0.2"  # not in the certificate either; the servers listen on 127.0.0.1 only
    relay = Relay(int(t.env["IMAPS_PORT"]), "127.0.0.2")
    t.rc(t.imap(imap=f"imaps://{t.ada}@127.0.0.2:{relay.port}", smtp=None))
    done = t.run("sync")
    assert done.status == 76 and "127.0.0.2" in done.err and "localhost" in done.err, done


class Relay:
    """The same server under another address, or with another certificate."""

    def __init__(self, port, host="127.0.0.1", certificate=None):
        self.target = port
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        try:
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        for a, b in ((client, server), (server, client)):
            threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    @staticmethod
    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def certificate(t, name, *options, days="30"):
    """A self-signed one; its files and fingerprint."""
    cert, key = f"{t.home}/{name}.pem", f"{t.home}/{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", days, "-subj", f"/CN={name}", "-keyout", key, "-out", cert, *options],
                   check=True, capture_output=True)
    der = ssl.PEM_cert_to_DER_cert(open(cert, encoding="ascii").read())
    return (cert, key), ":".join(f"{b:02X}" for b in hashlib.sha256(der).digest())


def test_trust_by_fingerprint(t):
    """Self-signed, another name: only its own fingerprint lets it pass, and no other certificate does."""
    t.deliver(t.ada, message("hello"))
    files, fingerprint = certificate(t, "elsewhere.example")
    relay = Relay(int(t.env["IMAP_PORT"]), certificate=files)
    url = f"imaps://{t.ada}@localhost:{relay.port}"
    # Dovecot's plain port behind TLS of the relay's own: it counts loopback as secure.
    t.rc(t.imap(imap=url, smtp=None))
    done = t.run("sync")
    assert done.status == 76 and fingerprint in done.err, done
    t.rc(t.imap(imap=url, smtp=None, tls_trust="00" + fingerprint[2:]))
    assert t.run("sync").status == 76
    for form in (fingerprint, fingerprint.lower().replace(":", "")):
        t.rc(t.imap(imap=url, smtp=None, tls_trust=form))
        done = t.run("sync")
        assert done.status == 0, done
    assert t.shown_subjects() == ["hello"]
    other, _ = certificate(t, "changed.example")
    relay2 = Relay(int(t.env["IMAP_PORT"]), certificate=other)
    t.rc(t.imap(imap=f"imaps://{t.ada}@localhost:{relay2.port}", smtp=None, tls_trust=fingerprint))
    assert t.run("sync").status == 76


def test_expired_certificate(t):
    files, _ = certificate(t, "localhost", "-addext", "subjectAltName=DNS:localhost")
    # Signed anew by itself, for a day long ago; only `openssl ca` can say from when to when.
    for name, text in (("index", ""), ("serial", "01\n"), ("cnf", f"[ca]\ndefault_ca=d\n[d]\ndatabase={t.home}/index\n"
                       f"serial={t.home}/serial\nnew_certs_dir={t.home}\ndefault_md=sha256\npolicy=p\n"
                       "unique_subject=no\ncopy_extensions=copyall\n[p]\ncommonName=supplied\n")):
        with open(f"{t.home}/{name}", "w", encoding="ascii") as f:
            f.write(text)
    for command in (["req", "-new", "-key", files[1], "-subj", "/CN=localhost", "-addext",
                     "subjectAltName=DNS:localhost", "-out", f"{t.home}/request"],
                    ["ca", "-batch", "-selfsign", "-config", f"{t.home}/cnf", "-keyfile", files[1],
                     "-in", f"{t.home}/request", "-startdate", "20200101000000Z", "-enddate", "20200201000000Z",
                     "-out", files[0], "-notext"]):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    relay = Relay(int(t.env["IMAP_PORT"]), certificate=files)
    t.rc(t.imap(imap=f"imaps://{t.ada}@localhost:{relay.port}", smtp=None, tls_ca=files[0]))
    done = t.run("sync")
    assert done.status == 76 and "expired" in done.err, done


def test_clear_text_is_refused(t):
    """A server without STARTTLS, not on loopback by name only: no password leaves."""
    seen = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            client, _ = listener.accept()
            client.sendall(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n")
            f = client.makefile("rb")
            for line in f:
                seen.append(line)
                tag = line.split()[0]
                client.sendall(tag + (b" OK done\r\n" if b"LOGOUT" in line or b"CAPA" in line else b" BAD no\r\n"))
            client.close()

    threading.Thread(target=serve, daemon=True).start()
    t.rc(t.imap(imap=f"imap://{t.ada}@localhost:{listener.getsockname()[1]}", smtp=None))
    done = t.run("sync")
    assert done.status == 76 and "TLS" in done.err, done
    assert not any(b"LOGIN" in line or b"AUTHENTICATE" in line or b"secret" in line for line in seen), seen


def test_bytes_before_the_handshake_end_it(t):
    listener = socket.create_server(("127.0.0.1", 0))
    lines = []

    def serve():
        client, _ = listener.accept()
        client.sendall(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\n")
        f = client.makefile("rb")
        for line in f:
            lines.append(line)
            if b"STARTTLS" in line:
                client.sendall(line.split()[0] + b" OK begin\r\n* OK injected\r\nx1 OK injected\r\n")

    threading.Thread(target=serve, daemon=True).start()
    t.rc(t.imap(imap=f"imap://{t.ada}@localhost:{listener.getsockname()[1]}", smtp=None))
    done = t.run("sync")
    assert done.status == 76, done
    assert all(b"STARTTLS" in line or b"CAPABILITY" in line for line in lines), lines


def test_tls_where_none_is_and_the_reverse(t):
    t.rc(t.imap(imap=f"imaps://{t.ada}@localhost:{t.env['IMAP_PORT']}", smtp=None))
    done = t.run("sync")
    assert done.status in (75, 76) and t.env["IMAP_PORT"] in done.err and "TLS" in done.err, done
    t.rc(t.imap(imap=f"imap://{t.ada}@localhost:{t.env['IMAPS_PORT']}", smtp=None, timeout="2s"))
    done = t.run("sync")
    assert done.status in (75, 76) and t.env["IMAPS_PORT"] in done.err and "TLS" in done.err, done
    t.rc(t.imap(imap=f"imaps://{t.ada}@localhost:{t.env['POP3S_PORT']}", smtp=None))
    done = t.run("sync")
    assert done.status in (75, 76) and "POP3" in done.err, done


def test_missing_authority_file(t):
    t.rc(t.imap(tls_ca=f"{t.home}/none.pem"))
    done = t.run("sync")
    assert done.status != 0 and "none.pem" in done.err, done
    assert os.path.exists(t.data)
