"""imap_peers.py - Cyrus and Courier beside the Dovecot of `servers`, from what unpack-servers has unpacked.

Both run as the user that owns the mail, on ports of their own, over TLS from the first byte, with the
certificate of the servers, and know the users that Dovecot knows. In front of both is imap-front.py:
Cyrus asks it whether a password is right (the protocol of saslauthd), and Courier's imapd, which speaks to one
user on its standard input, is behind its listener.
"""
import glob
import os
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
UNPACKED = os.path.join(os.path.dirname(HERE), "build", "servers")
PROGRAMS = {"cyrus": "usr/lib/cyrus/bin/master", "courier": "usr/bin/imapd"}

IMAPD = """\
configdirectory: {base}/config
defaultpartition: default
partition-default: {base}/spool
proc_path: {base}/proc
mboxname_lockpath: {base}/lock
idlesocket: {base}/idle
idle_timeout: 0
imapidlepoll: 1
cyrus_user: {user}
admins: admin
altnamespace: yes
unixhierarchysep: yes
virtdomains: off
autocreate_quota: 0
autocreate_post: yes
autocreate_inbox_folders: Drafts|Sent|Trash|Junk|Archive
autocreate_subscribe_folders: Drafts|Sent|Trash|Junk|Archive
xlist-drafts: Drafts
xlist-sent: Sent
xlist-trash: Trash
xlist-junk: Junk
xlist-archive: Archive
delete_mode: immediate
expunge_mode: immediate
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: {front}
sasl_mech_list: PLAIN
allowplaintext: yes
tls_server_cert: {tls}/cert.pem
tls_server_key: {tls}/key.pem
tls_session_timeout: 0
syslog_prefix: pintail-test
conversations: yes
"""

CYRUS = """\
START {{
  recover cmd="{bin}/ctl_cyrusdb -C {base}/imapd.conf -r"
}}
SERVICES {{
  imaps cmd="{bin}/imapd -C {base}/imapd.conf -s" listen="127.0.0.1:{port}" prefork=1 maxchild=200
}}
DAEMON {{
  idled cmd="{bin}/idled -C {base}/imapd.conf"
}}
EVENTS {{
  checkpoint cmd="{bin}/ctl_cyrusdb -C {base}/imapd.conf -c" period=600
}}
"""


def unpacked(name):
    """The directory it was unpacked in, or None."""
    root = f"{UNPACKED}/{name}"
    return os.path.realpath(root) if os.access(f"{root}/{PROGRAMS[name]}", os.X_OK) else None


def readable(root, become, copy_to):
    """`root`, or a copy of it where the servers' user can read it: a checkout may be closed to others."""
    if not become:
        return root
    probe = subprocess.run(["test", "-r", f"{root}/usr/bin"], **become)
    if probe.returncode == 0:
        return root
    subprocess.run(["cp", "-a", root, copy_to], check=True)
    return copy_to


def libraries(root):
    places = [f"{root}/usr/lib", *glob.glob(f"{root}/usr/lib/*-linux-gnu*")]
    return ":".join(places)


def start_front(args, env, become):
    """Says on a pipe which port it listens at for Courier."""
    reader, writer = os.pipe()
    base = f"{args.base}/front"
    os.makedirs(base, mode=0o700)
    if become:
        os.chown(base, args.uid, args.gid)
    command = ["/usr/bin/python3", f"{HERE}/imap-front.py", "--dir", base, "--cert", f"{args.base}/tls/cert.pem",
               "--key", f"{args.base}/tls/key.pem", "--passwd", f"{args.base}/passwd", "--ready-fd", str(writer)]
    if args.any_user:
        command += ["--any-user", args.any_user]
    courier = unpacked("courier") if "courier" in args.imap else None
    if courier:
        courier = readable(courier, become, f"{args.base}/courier")
        command += ["--courier", courier, "--libraries", libraries(courier)]
    log = open(f"{args.base}/front.log", "w")
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[writer],
                             start_new_session=True, **become)
    os.close(writer)
    said = os.fdopen(reader).readline().strip()
    if not said:
        child.kill()
        raise SystemExit("servers: imap-front did not start: " + open(f"{args.base}/front.log").read())
    env["FRONT_PID"] = child.pid
    if courier:
        env["COURIER_IMAPS_PORT"] = said


def start_cyrus(args, env, become, user, port, answers):
    root = readable(unpacked("cyrus"), become, f"{args.base}/cyrus-root")
    base = f"{args.base}/cyrus"
    for name in ("", "config", "config/db", "config/socket", "config/log", "config/msg", "config/proc",
                 "config/user", "config/quota", "spool", "spool/stage.", "proc", "lock"):
        os.makedirs(f"{base}/{name}", mode=0o700, exist_ok=True)
        if become:
            os.chown(f"{base}/{name}", args.uid, args.gid)
    values = dict(base=base, user=user, tls=f"{args.base}/tls", front=f"{args.base}/front/mux", port=port,
                  bin=f"{root}/usr/lib/cyrus/bin")
    for name, text in (("imapd.conf", IMAPD), ("cyrus.conf", CYRUS)):
        with open(f"{base}/{name}", "w", encoding="utf-8") as f:
            f.write(text.format(**values))
        os.chmod(f"{base}/{name}", 0o644)
    with open(f"{base}/log", "w") as log:
        child = subprocess.Popen([f"{root}/usr/lib/cyrus/bin/master", "-C", f"{base}/imapd.conf", "-M",
                                  f"{base}/cyrus.conf", "-p", f"{base}/pid", "-D"],
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                 env={**os.environ, "LD_LIBRARY_PATH": libraries(root), "LC_ALL": "C",
                                      "CYRUS_VERBOSE": "1"}, **become)
    env["CYRUS_PID"] = child.pid
    if not answers(port):
        raise SystemExit("servers: Cyrus did not start: " + open(f"{base}/log", errors="replace").read())
    env["CYRUS_IMAPS_PORT"] = port


def missing(name):
    return None if unpacked(name) else f"{name} is not unpacked (scripts/unpack-servers)"
