"""What the pages of docs/ take for granted: a server, folders of the system, other programs. Everything lies in one folder, and words of a page that
mean this machine or others are replaced by what stands for them here."""

import base64
import getpass
import hmac
import http.server
import json
import os
import re
import shutil
import socketserver
import subprocess
import tempfile
import threading
import time
import urllib.parse

from postgresql import Cluster
from program import Program, free_port

SYSTEM_FOLDERS = ["etc/coffer/tls", "etc/systemd/system", "etc/ssh", "var/lib/coffer", "var/log/coffer", "usr/local/bin", "home/.ssh"]


class Setting:
    """A folder with the program on PATH, and nothing else running."""

    replaced = []

    def __init__(self, binary):
        self.folder = tempfile.mkdtemp(prefix="coffer-page-")
        for name in SYSTEM_FOLDERS:
            os.makedirs(self.path(name), mode=0o700)
        self.home, self.programs = self.path("home"), self.path("usr/local/bin")
        self.binary = os.path.join(self.programs, "coffer")
        os.symlink(binary, self.binary)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VAULT_", "COFFER_", "PG"))}
        self.environment = {**inherited, "HOME": self.home, "LC_ALL": "C.UTF-8", "PATH": f"{self.programs}:{os.environ['PATH']}"}

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, text, mode=0o600):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)

    def placed(self, text):
        """With the folders of this page in place of the system's."""
        for old, new in self.replaced:
            text = text.replace(old, new)
        return re.sub(r"(?<![\w/.])/(etc|var|usr/local)/", lambda found: f"{self.folder}/{found.group(1)}/", text)

    def write(self, block):
        """A block that is a file, as its first line says."""
        found = re.match(r"# (\S+\.\w+)\n", block)
        if found:
            path = found.group(1)
            self.put(path[1:] if path.startswith("/") else "home/" + path, self.placed(block))

    def command(self, command):
        """As it is run here; None for one that this machine cannot run."""
        return self.placed(command)

    def log(self):
        return ""

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Development(Setting):
    """A development server and its root token."""

    def __init__(self, binary):
        super().__init__(binary)
        self.program = Program(binary, dev=True)
        self.program.start()
        self.environment.update(VAULT_ADDR=f"http://127.0.0.1:{self.program.port}", VAULT_TOKEN="root")

    def run(self, *words):
        done = subprocess.run(["coffer", *words], capture_output=True, text=True, env=self.environment, cwd=self.home, timeout=60)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def log(self):
        return self.program.log_tail(5)

    def close(self):
        self.program.remove()
        super().close()


class Operations(Setting):
    """A machine with systemd, of which `systemctl` is here a program that does what the unit file says."""

    SYSTEMCTL = r"""#!/bin/bash
# start, stop, restart or reload of the one unit.
unit=FOLDER/etc/systemd/system/coffer.service
log=FOLDER/server.log
says() { sed -n "s/^$1=//p" "$unit"; }
MAINPID=$(cat FOLDER/pid 2> /dev/null)
reloads() { grep -c 'reloaded' "$log"; }
case $1 in
start)
  $(says ExecStart) >> "$log" 2>&1 < /dev/null &
  echo $! > FOLDER/pid
  for _ in {1..500}; do
    FOLDER/usr/local/bin/coffer status > /dev/null 2>&1
    [ $? = 1 ] || exit 0
    sleep 0.02
  done
  exit 1 ;;
stop) kill "$MAINPID"; while kill -0 "$MAINPID" 2> /dev/null; do sleep 0.02; done ;;
restart) "$0" stop; "$0" start ;;
reload)
  before=$(reloads)
  eval "$(says ExecReload)"
  for _ in {1..500}; do [ "$(reloads)" = "$before" ] || exit 0; sleep 0.02; done
  exit 1 ;;
esac
"""

    def __init__(self, binary):
        super().__init__(binary)
        port = free_port()
        self.replaced = [("coffer.example.com:8200", f"127.0.0.1:{port}"), ("0.0.0.0:8200", f"127.0.0.1:{port}")]
        self.put("usr/local/bin/systemctl", self.SYSTEMCTL.replace("FOLDER", self.folder), 0o755)
        certificate, key = self.path("etc/coffer/tls/server.pem"), self.path("etc/coffer/tls/server.key")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=coffer.example.com",
             "-addext", "subjectAltName=DNS:coffer.example.com,IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        os.chmod(key, 0o600)
        self.environment.update(VAULT_ADDR=f"https://127.0.0.1:{port}", VAULT_CACERT=certificate)

    def log(self):
        with open(self.path("server.log")) as file:
            return "".join(file.readlines()[-5:])

    def close(self):
        if os.path.exists(self.path("pid")):
            with open(self.path("pid")) as file:
                pid = int(file.read())
            try:
                os.kill(pid, 15)
                while os.path.exists(f"/proc/{pid}"):
                    time.sleep(0.02)
            except ProcessLookupError:
                pass
        super().close()


class Posts(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Sink(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.read1(1 << 16):
            pass


class Audit(Development):
    """Receivers of entries, a log with something to find, and a rotated file."""

    def __init__(self, binary):
        super().__init__(binary)
        self.servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Posts), socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sink)]
        for server in self.servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
        web, stream = (server.server_address[1] for server in self.servers)
        self.replaced = [("https://logs.example.com/", f"http://127.0.0.1:{web}/"), ("logs.example.com:9090", f"127.0.0.1:{stream}"),
                         ("10.0.0.0/8", "127.0.0.0/8")]
        # The page reloads the server as systemd would.
        self.put("usr/local/bin/systemctl", f"#!/bin/sh\nkill -HUP {self.program.process.pid}\nsleep 1\n", 0o755)
        self.environment["LEAKED"] = "value-that-leaked"

    def command(self, command):
        # A machine without a daemon for syslog has no device of that kind.
        if "enable syslog" in command and not os.path.exists("/dev/log"):
            return None
        if "audit query" in command and "ENTITY" not in self.environment:
            self.something_to_find()
        return self.placed(command).replace("$ENTITY", self.environment.get("ENTITY", ""))

    def something_to_find(self):
        self.run("auth", "enable", "userpass")
        self.run("write", "auth/userpass/users/eve", "password=correct-horse")
        auth = json.loads(self.run("login", "-format=json", "-no-store", "-method=userpass", "username=eve", "password=correct-horse"))["auth"]
        self.environment["ENTITY"] = auth["entity_id"]
        self.run("kv", "put", "-mount=secret", "prod/db", "password=" + self.environment["LEAKED"])
        self.run("kv", "delete", "-mount=secret", "prod/db")
        refused = self.program.connection(token=auth["client_token"]).request("GET", "/v1/secret/data/prod/db")
        assert refused.status == 403, refused
        log = self.path("var/log/coffer/audit.log")
        subprocess.run(f"gzip -c {log} > {log}.1.gz", shell=True, check=True)

    def close(self):
        for server in self.servers:
            server.shutdown()
        super().close()


class SecondFactor(Development):
    """Where the page says 123456, the passcode of the time is meant; each counts once, and those of the periods beside the present one count, too."""

    PERIOD = 30

    def __init__(self, binary):
        super().__init__(binary)
        self.used = None

    def command(self, command):
        return self.placed(command.replace("123456", self.passcode()) if "123456" in command else command)

    def passcode(self):
        if self.used is None:
            # All three within one period.
            if time.time() % self.PERIOD > self.PERIOD - 10:
                time.sleep(self.PERIOD - time.time() % self.PERIOD)
            self.used = int(time.time()) // self.PERIOD - 2
        self.used += 1
        with open(os.path.join(self.home, "ann.json")) as file:
            url = urllib.parse.urlsplit(json.load(file)["data"]["url"])
        secret = urllib.parse.parse_qs(url.query)["secret"][0]
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        # RFC 4226, section 5.3.
        digest = hmac.digest(key, self.used.to_bytes(8, "big"), "sha1")
        place = digest[-1] & 15
        return f"{(int.from_bytes(digest[place:place + 4], 'big') & 0x7FFFFFFF) % 1000000:06}"


class Policies(Development):
    """A token of a policy, and a log of what was done with it."""

    def __init__(self, binary):
        super().__init__(binary)
        self.put("home/team", 'path "secret/data/team/*" { capabilities = ["create", "update", "read"] }\n')
        self.run("policy", "write", "team", self.path("home/team"))
        auth = json.loads(self.run("token", "create", "-policy=team", "-format=json"))["auth"]
        self.environment.update(TOKEN=auth["client_token"], ACCESSOR=auth["accessor"])
        self.run("audit", "enable", "file", "file_path=" + self.path("var/log/coffer/audit.log"))
        connection = self.program.connection(token=auth["client_token"])
        written = connection.request("POST", "/v1/secret/data/team/db", {"data": {"a": "b"}})
        assert written.status == 200, written
        assert connection.request("GET", "/v1/secret/data/team/db").status == 200


class Transit(Development):
    def __init__(self, binary):
        super().__init__(binary)
        self.put("home/artifact", "a release, as it was built")
        algorithms = subprocess.run(["openssl", "list", "-signature-algorithms"], capture_output=True, text=True).stdout
        self.has_newest = "ML-DSA-65" in algorithms

    def command(self, command):
        return super().command(command) if self.has_newest or "firmware" not in command else None


class Database(Development):
    """A PostgreSQL cluster, and psql as its superuser."""

    def __init__(self, binary):
        super().__init__(binary)
        self.cluster = Cluster()
        self.replaced = [("127.0.0.1:5432", f"127.0.0.1:{self.cluster.port}")]
        self.environment.update(PGHOST="127.0.0.1", PGPORT=str(self.cluster.port), PGUSER="root", PGPASSWORD="rootpw", PGDATABASE="postgres")

    def close(self):
        self.cluster.remove()
        super().close()


class SSH(Development):
    """An sshd of this user, which stands for the machine of the page, and an ssh that finds it."""

    def __init__(self, binary):
        super().__init__(binary)
        port, user = free_port(), getpass.getuser()
        self.replaced = [('"admin,deploy"', f'"{user},deploy"'), ('"default_user": "admin"', f'"default_user": "{user}"'), ("admin@", f"{user}@")]
        for name in ("home/.ssh/id_ed25519", "etc/ssh/ssh_host_ed25519_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.path(name)], check=True)
        if os.getuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        self.put("etc/ssh/sshd_config", f"""Port {port}
ListenAddress 127.0.0.1
HostKey {self.path('etc/ssh/ssh_host_ed25519_key')}
AuthorizedKeysFile none
PidFile {self.path('sshd.pid')}
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
""")
        self.put("ssh_config", f"""Host web1.example.com
  HostName 127.0.0.1
  HostKeyAlias web1.example.com
  Port {port}
Host *
  IdentityFile {self.path('home/.ssh/id_ed25519')}
  IdentityAgent none
  BatchMode yes
  StrictHostKeyChecking accept-new
  UserKnownHostsFile {self.path('home/.ssh/known_hosts')}
""")
        self.put("usr/local/bin/systemctl", f"""#!/bin/sh
if [ -e {self.path('sshd.pid')} ]; then kill $(cat {self.path('sshd.pid')}); sleep 0.3; fi
{shutil.which('sshd') or '/usr/sbin/sshd'} -f {self.path('etc/ssh/sshd_config')} -E {self.path('sshd.log')}
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e {self.path('sshd.pid')} ] && exit 0; sleep 0.1; done
exit 1
""", 0o755)
        # The machine with one-time passwords is not there; its PAM module is asked for on the page itself.
        self.put("usr/local/bin/ssh", f"""#!/bin/sh
case "$*" in *192.0.2.7*) exit 0 ;; esac
exec {shutil.which('ssh')} -F {self.path('ssh_config')} "$@"
""", 0o755)

    def log(self):
        with open(self.path("sshd.log")) as file:
            return "".join(file.readlines()[-5:])

    def close(self):
        if os.path.exists(self.path("sshd.pid")):
            with open(self.path("sshd.pid")) as file:
                os.kill(int(file.read()), 15)
        super().close()


SETTINGS = {
    "operations": Operations, "audit": Audit, "mfa": SecondFactor, "database": Database, "ssh": SSH, "oidc-provider": Development,
    "policies": Policies, "transit": Transit,
}
