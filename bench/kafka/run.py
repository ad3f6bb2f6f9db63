#!/usr/bin/env python3
"""Sallyport on Kafka beside a bare loop and Kafka Streams; `tools/bench kafka` runs it, with a Kafka of its own.

Each program drains a topic that was filled before, with a group of its own. bench/kafka/kafka_load.cpp looks from
outside at what the group has committed and at what the process has taken: the same for all three. What they wrote
must be the same for each key and partition, in order.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE.parent / "peers"
PARTITIONS = 4
TOPOLOGIES = {"kafka_pass": "pass", "kafka_filter": "filter", "kafka_hold_back": "hold_back"}
# What the targets of the table in docs/benchmarks.md hold our figure against.
TARGETS = {("pass", "bare"): 0.7, ("filter", "kafka_streams"): 1.5, ("hold_back", "kafka_streams"): 2.5}
RSS_TARGETS = {"bare": 1.0, "kafka_streams": 0.25}
LANES = (1, 8, 64)
LANES_RECORDS = 1_000_000
LIGHT_RATE = 1_000  # records/s
LATENCY_SECONDS = 30
LATENCY_TARGET_MS = 150
RESTORE_WITHIN = 600  # seconds
RESTORE_TARGET = 150_000  # changelog records/s
STOP_WITHIN = 60


def say(text):
    print(f"    {text}", file=sys.stderr, flush=True)


def rounded(value):
    return float(f"{value:.4g}")


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-bench-kafka-", dir=options.folder))
        self.count = 0

    # -- what is told --

    def tell(self, name, value, unit, against, ratio, rss_mb, target=None):
        if self.options.json:
            print(json.dumps({"name": name, "value": rounded(value), "unit": unit, "against": against,
                              "ratio": rounded(ratio), "rss_mb": round(rss_mb)}), flush=True)
            return
        judged = "" if target is None else f"; target {target[0]}: {'reached' if target[1] else 'missed'}"
        print(f"{name:<22} {rounded(value):>10} {unit:<14} {ratio:.2f} of {against}; peak {rss_mb:.0f} MB{judged}",
              flush=True)

    def told(self, who, topology, taken):
        part = taken.get("all", taken["in"])
        say(f"{topology} {who}: {self.per_core(taken):,.0f} records per CPU-second"
            f" ({taken['in']['records'] / taken['in']['cpu_seconds']:,.0f} without the release),"
            f" {taken['in']['records'] / taken['in']['seconds']:,.0f} /s, {part['cpu_seconds']:.1f} CPU-seconds,"
            f" peak {taken['rss_mb']:.0f} MB")

    @staticmethod
    def per_core(taken):
        part = taken.get("all", taken["in"])
        return part["records"] / part["cpu_seconds"]

    # -- programs --

    def load(self, *words):
        done = subprocess.run([self.options.programs / "bench/kafka_load", *map(str, words)], stdout=subprocess.PIPE,
                              text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"kafka_load {' '.join(map(str, words))} failed")
        return json.loads(done.stdout) if done.stdout else None

    def command(self, who, topology, application, events, partitions, hold):
        """The command, and what it adds to the environment."""
        state = self.folder / application
        if who == "bare":
            return [self.options.programs / "bench/bare_loop", topology, application, events], {}
        if who == "kafka_streams":
            built = self.options.programs / "bench/kafka_streams"
            return ["java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-cp", f"{built}/jars/*:{built}/*", "Peer",
                    topology, application, events, str(state), str(hold)], {}
        return [self.options.programs / "sallyport", "run", HERE / f"{topology}.config.yaml"], {
            "BENCH_APPLICATION": application, "BENCH_EVENTS": events, "BENCH_PARTITIONS": str(partitions),
            "BENCH_HOLD": f"{hold}s", "SALLYPORT_STATE_DIR": str(state), "SALLYPORT_HTTP_PORT": "0"}

    @contextlib.contextmanager
    def running(self, who, topology, events, partitions=PARTITIONS, hold=3600, application=None):
        """A program under way, (process, application); it ends with the block."""
        if application is None:
            self.count += 1
            application = f"{who}-{topology}-{self.count}".replace("_", "-")
            for end in ("out", "dead"):
                self.load("create", f"{application}-{end}", partitions)
        words, more = self.command(who, topology, application, events, partitions, hold)
        log = self.folder / f"{application}.log"
        with open(log, "ab") as to:
            process = subprocess.Popen([str(w) for w in words], env={**os.environ, **more}, stdout=to, stderr=to)
        try:
            yield process, application
        except BaseException:
            print(log.read_text(errors="replace")[-3000:], file=sys.stderr)
            raise
        finally:
            process.terminate()
            try:
                process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # -- figures --

    def drained(self, who, topology, events, keys, partitions=PARTITIONS):
        """What the program took for the topic, and the hash of what it wrote."""
        # Longer than the drain: otherwise a booking goes out more than once, and the outputs differ.
        hold = max(60, self.options.records // 15_000)
        with self.running(who, topology, events, partitions, hold) as (process, application):
            words = ["drain", process.pid, application, events]
            if topology == "hold_back":
                words += [f"{application}-out", keys]
            taken = self.load(*words)
        out = self.load("hash", f"{application}-out")
        self.clear(application)
        self.told(who, topology, taken)
        return taken, out

    def clear(self, application):
        shutil.rmtree(self.folder / application, ignore_errors=True)
        self.load("forget", application)

    def programs_of(self, topology):
        return [who for who in ("bare", "kafka_streams", "sallyport")
                if (who, topology) != ("bare", "hold_back") and who in self.options.who]

    def expected(self, topology, events):
        """The hash that the outputs must have, from the input alone where that tells it."""
        if topology == "filter":
            return None
        return self.load("hash", events, *(["newest"] if topology == "hold_back" else []))

    def compare(self, name, events, keys):
        topology = TOPOLOGIES[name]
        wanted, all_taken = self.expected(topology, events), {}
        for who in self.programs_of(topology):
            all_taken[who], out = self.drained(who, topology, events, keys)
            wanted = wanted or out
            if out != wanted:
                raise SystemExit(f"{who} wrote something else: {out} instead of {wanted}")
        say(f"{topology}: the outputs are equal, {wanted['records']:,} records with the hash {wanted['hash']}")
        self.hold_against(name, topology, all_taken)
        return all_taken

    def hold_against(self, name, topology, all_taken):
        ours = all_taken.get("sallyport")
        for peer, taken in all_taken.items():
            if not ours or peer == "sallyport":
                continue
            ratio = self.per_core(ours) / self.per_core(taken)
            target = TARGETS.get((topology, peer))
            self.tell(name, self.per_core(ours), "records/s/core", peer, ratio, ours["rss_mb"],
                      target and (target, ratio >= target))
            ratio = ours["rss_mb"] / taken["rss_mb"]
            target = RSS_TARGETS[peer] if (topology, peer) != ("filter", "bare") else None
            self.tell(f"{name}_rss", ours["rss_mb"], "MB", peer, ratio, ours["rss_mb"],
                      target and (target, ratio <= target))

    def latency(self, passed):
        """From the produce time to a read_committed reader, at half of what each program drained."""
        found = {}
        for who, taken in passed.items():
            rate = int(taken["in"]["records"] / taken["in"]["seconds"] / 2)
            found[who] = self.latency_at(who, rate, PARTITIONS)
            say(f"latency {who} at {rate:,} /s: p50 {found[who]['p50_ms']:.0f} ms, p99 {found[who]['p99_ms']:.0f} ms,"
                f" at most {found[who]['max_ms']:.0f} ms")
        ours = found.pop("sallyport", None)
        for peer, told in found.items() if ours else ():
            self.tell("kafka_latency_p99", ours["p99_ms"], "ms", peer, ours["p99_ms"] / told["p99_ms"], 0,
                      (f"{LATENCY_TARGET_MS} ms", ours["p99_ms"] <= LATENCY_TARGET_MS))

    def latency_at(self, who, rate, partitions):
        self.count += 1
        events = f"live-{self.count}"
        self.load("create", events, partitions)
        with self.running(who, "pass", events, partitions) as (_, application):
            told = self.load("latency", events, f"{application}-out", rate, LATENCY_SECONDS)
        self.clear(application)
        self.load("forget", events)
        return told

    def lanes(self):
        """The same records in more lanes: a transaction serves all lanes of a host."""
        records = min(self.options.records, LANES_RECORDS)
        for lanes in LANES:
            events = f"events-{lanes}-lanes"
            self.load("create", events, lanes)
            keys = self.load("load", events, records)["keys"]
            taken = {who: self.drained(who, "pass", events, keys, lanes)[0] for who in ("bare", "sallyport")
                     if who in self.options.who}
            light = self.latency_at("sallyport", LIGHT_RATE, lanes) if "sallyport" in taken else None
            self.load("forget", events)
            if light:
                say(f"{lanes} lanes at {LIGHT_RATE:,} /s: p50 {light['p50_ms']:.0f} ms, p99 {light['p99_ms']:.0f} ms")
            self.hold_against(f"kafka_lanes_{lanes}", "lanes", taken)

    def restore(self, events):
        """An empty state folder over a changelog that holds all bookings."""
        if "sallyport" not in self.options.who:
            return
        with self.running("sallyport", "hold_back", events) as (process, application):
            self.load("drain", process.pid, application, events)
        shutil.rmtree(self.folder / application)
        log = self.folder / f"{application}.log"
        log.unlink()
        with self.running("sallyport", "hold_back", events, application=application) as (process, _):
            records, seconds = self.restored(process, log)
            rss = peak_mb(process.pid)
        rate = records / seconds
        say(f"restore: {records:,.0f} changelog records in {seconds:.1f} s")
        self.tell("kafka_restore", rate, "records/s", f"a target of {RESTORE_TARGET:,}", rate / RESTORE_TARGET, rss,
                  (RESTORE_TARGET, rate >= RESTORE_TARGET))
        self.clear(application)

    @staticmethod
    def restored(process, log):
        """How many changelog records were read until all lanes stood, and for how long the slowest lane was read."""
        end = time.monotonic() + RESTORE_WITHIN
        while time.monotonic() < end and process.poll() is None:
            said = log.read_text(errors="replace")
            address = re.search(r"http\.listening.*address=([0-9.:]+)", said)
            lanes = [float(seconds) for seconds in re.findall(r"lane\.taken.* seconds=([0-9.]+)", said)]
            if address and len(lanes) == PARTITIONS:
                with urllib.request.urlopen(f"http://{address[1]}/metrics", timeout=5) as page:
                    read = re.findall(r"^sallyport_restore_records_total(?:\{[^}]*\})? ([0-9.e+]+)$",
                                      page.read().decode(), re.M)
                return sum(map(float, read)), max(lanes)
            time.sleep(0.05)
        raise SystemExit("not all lanes were restored")

    def run(self):
        wanted = self.options.figures
        self.load("create", "events", PARTITIONS)
        began = time.monotonic()
        keys = self.load("load", "events", self.options.records)["keys"]
        say(f"{self.options.records:,} records of {keys:,} bookings loaded in {time.monotonic() - began:.0f} s")
        taken = {name: self.compare(name, "events", keys) for name in TOPOLOGIES if name in wanted}
        if "kafka_latency" in wanted:
            self.latency(taken.get("kafka_pass") or self.compare("kafka_pass", "events", keys))
        if "kafka_lanes" in wanted:
            self.lanes()
        if "kafka_restore" in wanted:
            self.restore("events")


def peak_mb(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024


def build_streams(folder):
    """Maven builds the peer when its sources are newer."""
    sources = [PEERS / "kafka_streams/pom.xml", *(PEERS / "kafka_streams/src").iterdir()]
    done = folder / "built"
    if done.exists() and done.stat().st_mtime > max(s.stat().st_mtime for s in sources):
        return
    say("Maven builds the program for Kafka Streams")
    subprocess.run(
        ["mvn", "--batch-mode", "--quiet", "--file", str(sources[0]), f"-Dbuild.folder={folder}", "package",
         "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies", "-DincludeScope=runtime",
         f"-DoutputDirectory={folder / 'jars'}"], stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)
    done.touch()


def main():
    figures = [*TOPOLOGIES, "kafka_latency", "kafka_lanes", "kafka_restore"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(figures))
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the build folder")
    parser.add_argument("--records", type=int, default=3_000_000)
    parser.add_argument("--folder", help="where state lies")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--who", default="bare,kafka_streams,sallyport", help="which programs")
    options = parser.parse_args()
    options.who = options.who.split(",")
    options.figures = set(options.figures or figures)
    if unknown := options.figures - set(figures):
        parser.error(f"there is no figure {', '.join(unknown)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if "kafka_streams" in options.who:
        build_streams(options.programs.absolute() / "bench/kafka_streams")
    bench = Bench(options)
    try:
        bench.run()
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
