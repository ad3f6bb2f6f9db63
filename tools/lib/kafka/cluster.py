"""Brokers of Apache Kafka for tests and benchmarks: fetched by Maven, run on loopback, ended by who started them.

A cluster is a folder: `cluster.json` names its brokers and ports, `broker-N/` holds the data, the log and the id of
broker N's process. Everything that is known of a cluster stands there, so any later command can go on with it. A
process is ours when its id and its start time are those that were noted: ids are given again to others.
"""

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import random
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
POM = HERE / "pom.xml"
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
READY_WITHIN = 60.0  # seconds; two are usual, a busy machine with three brokers needs more
STOP_WITHIN = 10.0
INSTALL = "on Debian 12: apt-get install maven default-jre-headless"


class Unavailable(Exception):
    """There can be no broker on this machine; the message says why and what to install."""


class Mistake(Exception):
    """A command that cannot be done."""


# -- the program -------------------------------------------------------------------------------------------------


def cache_folder():
    base = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return base / "sallyport" / "kafka" / hashlib.sha256(POM.read_bytes()).hexdigest()[:16]


def java():
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=os.path.join(home, "bin") if home else None)
    if not found:
        raise Unavailable(f"there is no Java to run Apache Kafka; {INSTALL}")
    return found


@contextlib.contextmanager
def locked(folder):
    """Others wait: two commands on one folder go one after the other. The folder is made if it is not there."""
    while True:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not still_there(folder, handle):
                continue  # who had the lock erased the folder
            yield
            return
        finally:
            os.close(handle)


def still_there(folder, handle):
    try:
        return os.path.samestat(os.stat(folder), os.fstat(handle))
    except FileNotFoundError:
        return False


def program():
    """The folder of the jars, which Maven fills when it is not there yet."""
    runtime, folder = java(), cache_folder()
    with locked(folder.parent):
        if not folder.exists():
            part = pathlib.Path(tempfile.mkdtemp(prefix="part-", dir=folder.parent))
            try:
                fetch(part)
                prepare(runtime, part)
                part.rename(folder)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
    return folder


def fetch(folder):
    maven = shutil.which("mvn")
    if not maven:
        raise Unavailable(f"Apache Kafka is not here and there is no Maven to fetch it; {INSTALL}")
    print("kafka: Maven fetches Apache Kafka (about 45 MB, once)", file=sys.stderr)
    done = subprocess.run(
        [maven, "--batch-mode", "--quiet", "--file", str(POM), COPY_DEPENDENCIES,
         "-DincludeScope=runtime", f"-DoutputDirectory={folder / 'jars'}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode != 0:
        said = re.findall(r"\[ERROR\] (.+)", done.stdout) or [f"exit status {done.returncode}"]
        raise Unavailable(f"Maven could not fetch Apache Kafka ({said[0].strip()[:300]}); it needs the network once, "
                          "or a mirror in ~/.m2/settings.xml")


def prepare(runtime, folder):
    """What each later start need not do: formatting a data folder, and reading the classes one by one (3 s to 1.6)."""
    with tempfile.TemporaryDirectory(prefix="sallyport-kafka-") as scratch:
        cluster = Cluster(scratch)
        cluster.lay_out(1, {})
        done = subprocess.run(
            [runtime, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{folder}/jars/*",
             "kafka.tools.StorageTool", "format", "--cluster-id", cluster.about["id"], "--config",
             str(cluster.folder / "broker-1/server.properties"), "--ignore-formatted"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        made = cluster.folder / "broker-1/data/bootstrap.checkpoint"
        if not made.exists():
            raise Unavailable(f"Apache Kafka cannot format a data folder: {' '.join(done.stdout.split())[-300:]}")
        shutil.copy(made, folder / "bootstrap.checkpoint")
        broker = cluster.brokers()[0]
        broker.start(runtime, folder, [f"-XX:ArchiveClassesAtExit={folder / 'classes.jsa'}"])
        try:
            cluster.await_ready()
        finally:
            broker.stop()


# -- processes ---------------------------------------------------------------------------------------------------


def started_at(pid):
    """The start time of a process in ticks, or None if there is none (what nobody waited for is none, too)."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class Process:
    """A process that is known by a file with its id and start time."""

    def __init__(self, file):
        self.file = file

    def note(self, pid):
        part = self.file.with_suffix(".part")
        part.write_text(f"{pid} {started_at(pid)}\n", encoding="utf-8")
        part.rename(self.file)

    def pid(self):
        """Its id while it runs, otherwise None."""
        try:
            pid, start = self.file.read_text(encoding="utf-8").split()
        except (OSError, ValueError):
            return None
        return int(pid) if str(started_at(int(pid))) == start else None

    def signal(self, number):
        if pid := self.pid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def ends(self, within):
        end = time.monotonic() + within
        while (pid := self.pid()) and time.monotonic() < end:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.01)
        return not self.pid()

    def kill(self):
        self.signal(signal.SIGKILL)
        if not self.ends(STOP_WITHIN):
            raise Mistake(f"process {self.pid()} cannot be killed")
        self.file.unlink(missing_ok=True)


class Broker:
    def __init__(self, cluster, number):
        self.cluster = cluster
        self.number = number
        self.folder = cluster.folder / f"broker-{number}"
        self.process = Process(self.folder / "pid")
        self.port, self.controller_port = cluster.about["ports"][number - 1]

    def start(self, runtime, folder, options=()):
        if not options:
            options = ["-XX:SharedArchiveFile=" + str(folder / "classes.jsa")]
        command = [
            runtime, "-Xms64m", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:+ExitOnOutOfMemoryError",
            "-Xshare:auto", *options, "-Djava.awt.headless=true", "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
            "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
            "-cp", f"{folder}/jars/*", "kafka.Kafka", str(self.folder / "server.properties")]
        with open(self.folder / "log", "ab") as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                     start_new_session=True)
        self.process.note(child.pid)

    def stop(self):
        """In order, and by force if that takes long; one that is stopped by SIGSTOP goes on first."""
        self.process.signal(signal.SIGTERM)
        self.process.signal(signal.SIGCONT)
        self.process.ends(STOP_WITHIN)
        self.process.kill()

    def last_words(self):
        with contextlib.suppress(OSError):
            return "\n".join((self.folder / "log").read_text(errors="replace").splitlines()[-15:])
        return ""


# -- clusters ----------------------------------------------------------------------------------------------------


def short_id():
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def free_ports(count):
    """Ports below those that the system gives to clients: while a broker is dead, nobody else gets its port."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="utf-8") as file:
        below = int(file.read().split()[0])
    low = 20_000 if below > 21_000 else 1_024
    found = []
    for port in random.SystemRandom().sample(range(low, max(below, low + 1_000)), 200):
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
        if len(found) == count:
            return found
    raise Mistake("there are no free ports on 127.0.0.1")


class Cluster:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder).absolute()
        self.file = self.folder / "cluster.json"
        self.guard = Process(self.folder / "guard")
        self.about = json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else None

    def brokers(self):
        return [Broker(self, number + 1) for number in range(len(self.about["ports"]))] if self.about else []

    def bootstrap_servers(self):
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers())

    def lay_out(self, count, properties, temporary=True):
        if self.folder.stat().st_uid != os.getuid():
            raise Mistake(f"{self.folder} belongs to another user")
        if os.listdir(self.folder):
            raise Mistake(f"{self.folder} holds something else; name an empty folder")
        ports = free_ports(2 * count)
        self.about = {"id": short_id(), "temporary": temporary, "ports": list(zip(ports[::2], ports[1::2]))}
        for broker in self.brokers():
            (broker.folder / "data").mkdir(parents=True)
            lines = {**self.properties_of(broker), **properties}
            (broker.folder / "server.properties").write_text(
                "".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(self.about), encoding="utf-8")
        part.rename(self.file)

    def properties_of(self, broker):
        brokers = self.brokers()
        copies, in_sync = min(3, len(brokers)), min(2, len(brokers))
        return {
            "process.roles": "broker,controller",
            "node.id": broker.number,
            "controller.quorum.voters": ",".join(f"{b.number}@127.0.0.1:{b.controller_port}" for b in brokers),
            "listeners": f"CLIENTS://127.0.0.1:{broker.port},CONTROLLER://127.0.0.1:{broker.controller_port}",
            "advertised.listeners": f"CLIENTS://127.0.0.1:{broker.port}",
            "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENTS",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": broker.folder / "data",
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": copies,
            "offsets.retention.minutes": 525600,
            "transaction.state.log.num.partitions": 4,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            # A broker that was killed comes back once its old session is over: 9 s without this.
            "broker.heartbeat.interval.ms": 500,
            "broker.session.timeout.ms": 3000,
            # What a test waits for happens soon: a transaction's timeout, compaction, retention, deletion.
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
            "log.cleaner.backoff.ms": 1000,
            "log.cleaner.dedupe.buffer.size": 16777216,
            "log.retention.check.interval.ms": 5000,
            "log.segment.delete.delay.ms": 5000,
        }

    def format(self, folder):
        """As StorageTool does; what it writes for metadata's first records is the same for each folder."""
        for broker in self.brokers():
            data = broker.folder / "data"
            if not (data / "meta.properties").exists():
                shutil.copy(folder / "bootstrap.checkpoint", data)
                (data / "meta.properties").write_text(
                    f"node.id={broker.number}\ndirectory.id={short_id()}\nversion=1\ncluster.id={self.about['id']}\n",
                    encoding="utf-8")

    def start(self, only=None):
        """Starts what does not run; returns when all that should run answers."""
        runtime, folder = java(), program()
        self.format(folder)
        for broker in self.brokers():
            if not broker.process.pid() and only in (None, broker.number):
                broker.start(runtime, folder)
        self.await_ready()

    def await_ready(self):
        """Until each broker that runs answers a request for metadata with all that run: a port alone says little."""
        running = [broker for broker in self.brokers() if broker.process.pid()]
        wanted, end = {broker.number for broker in running}, time.monotonic() + READY_WITHIN
        for broker in running:
            while not wanted <= nodes_known_to(broker.port):
                if broker.process.ends(0):
                    raise Mistake(f"the broker ended while it started; {broker.folder}/log says:\n{broker.last_words()}")
                if time.monotonic() > end:
                    raise Mistake(f"the broker did not answer within {READY_WITHIN:.0f} s; {broker.folder}/log says:\n"
                                  f"{broker.last_words()}")
                time.sleep(0.03)

    def stop(self):
        """Ends what runs. A temporary cluster is gone with all its data."""
        temporary = self.about["temporary"] if self.about else False
        for broker in self.brokers():
            broker.process.kill() if temporary else broker.process.signal(signal.SIGTERM)
        for broker in self.brokers():
            broker.stop()
        if self.guard.pid() != os.getpid():
            self.guard.kill()
        if temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def watch(self, owner):
        """Leaves a process that stops the cluster when its owner is gone, however that ended."""
        command = [sys.executable, str(HERE.parents[1] / "kafka"), "guard", "--folder", str(self.folder), "--owner",
                   str(owner)]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, start_new_session=True)
        self.guard.note(child.pid)


def await_end(pid):
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        select.select([handle], [], [])


def nodes_known_to(port):
    """The ids of the brokers that a broker answers with to a metadata request (version 1); none if it does not."""
    request = struct.pack(">hhih", 3, 1, 1, -1) + struct.pack(">i", 0)  # Metadata, v1, no client id, no topics
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as to:
            to.sendall(struct.pack(">i", len(request)) + request)
            with to.makefile("rb") as answer:
                size = struct.unpack(">i", answer.read(4))[0]
                body = answer.read(size)
        count, at, found = struct.unpack_from(">i", body, 4)[0], 8, set()
        for _ in range(count):
            node, length = struct.unpack_from(">ih", body, at)
            at += 6 + length + 4
            rack = struct.unpack_from(">h", body, at)[0]
            at += 2 + max(rack, 0)
            found.add(node)
        return found
    except (OSError, struct.error):
        return set()
