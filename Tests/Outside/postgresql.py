"""A PostgreSQL cluster of its own, and a way to it on which something can happen at any statement."""

import atexit
import glob
import os
import pwd
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time

from program import free_port


def programs():
    """The folder of PostgreSQL's server programs; None where they are not installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found and shutil.which("initdb"):
        found = [os.path.realpath(shutil.which("initdb"))]
    return os.path.dirname(found[-1]) if found else None


class Cluster:
    """Superuser `root` with the password `rootpw`, over TCP. Runs as `postgres` where the tests are root's."""

    model = None  # A data folder as initdb makes it, of which each cluster gets a copy.

    def __init__(self):
        self.bin, self.port = programs(), free_port()
        if self.bin is None:
            raise SystemExit("PostgreSQL is not installed: Scripts/system-packages tests")
        self.folder = tempfile.mkdtemp(prefix="coffer-postgresql-")
        self.user = {}
        if os.getuid() == 0:
            self.user = {"user": "postgres"}
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)
        self.data = os.path.join(self.folder, "data")
        self.initialise()
        self.start()

    def initialise(self):
        if Cluster.model is None:
            folder = tempfile.mkdtemp(prefix="coffer-postgresql-model-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            if self.user:
                shutil.chown(folder, "postgres", "postgres")
            password, model = os.path.join(self.folder, "password"), os.path.join(folder, "data")
            with open(password, "w") as file:
                file.write("rootpw")
            os.chmod(password, 0o644)
            self.run("initdb", "-D", model, "-U", "root", "-A", "scram-sha-256", f"--pwfile={password}", "--no-sync")
            Cluster.model = model
        subprocess.run(["cp", "-a", Cluster.model, self.data], check=True)

    def run(self, program, *arguments):
        subprocess.run([os.path.join(self.bin, program), *arguments], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd=self.folder, **self.user)

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.folder, "log"), "-o",
                 f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=120 "
                 f"-c unix_socket_directories={self.folder}", "start")

    def kill(self):
        """Ends it as a crash would: no connection is asked, nothing is written."""
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def restart(self):
        self.kill()
        self.start()

    def speak_tls(self):
        """From now on with a certificate for 127.0.0.1; the user `certified` must show one of its own."""
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
                "-subj", "/CN=Trial CA")
        for name, subject, extra in (("server", "/CN=database", ["-addext", "subjectAltName=IP:127.0.0.1"]),
                                     ("client", "/CN=certified", [])):
            self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject, *extra)
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
                    f"{name}.pem", "-days", "2", "-copy_extensions", "copy")
        for name in ("ca.pem", "server.pem", "server.key"):
            os.chmod(os.path.join(self.folder, name), 0o600)
            if self.user:
                shutil.chown(os.path.join(self.folder, name), "postgres")
        with open(os.path.join(self.data, "postgresql.conf"), "a") as file:
            file.write(f"\nssl = on\nssl_ca_file = '{self.folder}/ca.pem'\nssl_cert_file = '{self.folder}/server.pem'\n"
                       f"ssl_key_file = '{self.folder}/server.key'\n")
        path = os.path.join(self.data, "pg_hba.conf")
        with open(path) as file:
            rules = file.read()
        with open(path, "w") as file:
            file.write("hostssl all certified 127.0.0.1/32 cert\n" + rules)
        self.restart()

    def openssl(self, *arguments):
        return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True, cwd=self.folder).stdout

    def pem(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return file.read()

    def query(self, sql, user="root", password="rootpw", **settings):
        """The rows, as psql shows them; an exception where the server refuses. Settings are keywords of libpq."""
        done = subprocess.run(
            [os.path.join(self.bin, "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
             " ".join(f"{key}='{value}'" for key, value in {
                 "host": "127.0.0.1", "port": self.port, "user": user, "dbname": "postgres", **settings}.items()),
             "-c", sql], capture_output=True, text=True,
            env={**os.environ, "PGPASSWORD": password, "PGCONNECT_TIMEOUT": "10"})
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.splitlines()

    def remove(self):
        try:
            self.kill()
        except subprocess.CalledProcessError:
            pass
        shutil.rmtree(self.folder, ignore_errors=True)


class Way:
    """A port that leads to the cluster. At a chosen statement something happens: before the cluster gets it, or after it was
    carried out and before the client learns of it."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.place, self.is_after, self.action = None, False, None
        self.seen, self.reached, self.happened = 0, threading.Event(), threading.Event()
        self.is_stuck = False
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, place, is_after, action):
        """`action` runs at the statement of that number, from 0 on."""
        with self.lock:
            self.place, self.is_after, self.action, self.seen = place, is_after, action, 0
            self.reached.clear()
            self.happened.clear()

    def disarm(self):
        with self.lock:
            self.place = None

    def has_happened(self):
        """Whether the statement was reached, once the action is done: killing takes longer than its victims notice."""
        return self.reached.wait(0.3) and self.happened.wait(30)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.lead, args=(client,), daemon=True).start()

    def lead(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=10)
            server.settimeout(None)
        except OSError:
            client.close()
            return
        # Set while what the server says is held back.
        held = {"until": None}
        threading.Thread(target=self.answers, args=(server, client, held), daemon=True).start()
        try:
            client_data = Stream(client)
            # The first message has no type.
            while True:
                length = client_data.read(4)
                body = client_data.read(struct.unpack("!I", length)[0] - 4)
                server.sendall(length + body)
                if struct.unpack("!I", body[:4])[0] == 196608:
                    break
            while True:
                head = client_data.read(5)
                body = client_data.read(struct.unpack("!I", head[1:])[0] - 4)
                while self.is_stuck:
                    time.sleep(0.05)
                if head[:1] in (b"Q", b"P") and self.is_here():
                    if self.is_after:
                        held["until"] = threading.Event()
                        server.sendall(head + body)
                        if head[:1] == b"P":  # A statement with parameters: what belongs to it comes in messages of its own.
                            while True:
                                more = client_data.read(5)
                                rest = client_data.read(struct.unpack("!I", more[1:])[0] - 4)
                                server.sendall(more + rest)
                                if more[:1] == b"S":
                                    break
                        held["until"].wait(10)
                    self.action()
                    self.happened.set()
                    return
                server.sendall(head + body)
        except (OSError, EOFError):
            pass
        finally:
            for end in (client, server):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()

    def is_here(self):
        with self.lock:
            if self.place is None:
                return False
            here = self.seen == self.place
            self.seen += 1
            if here:
                self.place = None
                self.reached.set()
            return here

    def answers(self, server, client, held):
        try:
            stream = Stream(server)
            while True:
                first = stream.read(1)
                if first == b"N" and not held.get("started"):  # No TLS.
                    client.sendall(first)
                    continue
                held["started"] = True
                length = stream.read(4)
                body = stream.read(struct.unpack("!I", length)[0] - 4)
                if held["until"] is not None:
                    if first == b"Z":
                        held["until"].set()
                    continue
                client.sendall(first + length + body)
        except (OSError, EOFError):
            if held["until"] is not None:
                held["until"].set()
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


class Stream:
    def __init__(self, connection):
        self.connection = connection

    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.connection.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data
