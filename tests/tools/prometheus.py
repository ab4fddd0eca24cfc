"""A real Prometheus on a free port, with the project's configuration and rules, that looks every second.

It may be given an Alertmanager, and rules whose durations are so many times shorter.
"""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

from server import ROOT, free_port

START_S = 30


class Prometheus:
    """Runs while it is entered; `target` is the server's address. Queries raise with Prometheus' own words."""

    def __init__(self, target, alertmanager=None, faster=1):
        self.address = f"127.0.0.1:{free_port()}"
        self.target = target
        self.alertmanager = alertmanager
        self.faster = faster

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        source = ROOT / "monitoring" / "prometheus"
        config = (source / "prometheus.yml").read_text("utf-8")
        config = config.replace("127.0.0.1:5000", self.target).replace("127.0.0.1:9090", self.address)
        config = re.sub(r"(interval|timeout): \d+s", r"\1: 1s", config)
        if self.alertmanager:
            config += f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{self.alertmanager}']}}]}}]}}\n"
        (self.folder / "prometheus.yml").write_text(config, "utf-8")
        (self.folder / "rules").mkdir()
        for rules in source.glob("rules/*.yml"):
            text = re.sub(r"interval: 1m", "interval: 1s", rules.read_text("utf-8"))
            if self.faster > 1:
                text = re.sub(r"(?<=\[|\s)(\d+)([mhd])(?=\]|\s)", self._shorter, text)
            (self.folder / "rules" / rules.name).write_text(text, "utf-8")
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={self.folder}/prometheus.yml",
                f"--storage.tsdb.path={self.folder}/data",
                f"--web.listen-address={self.address}",
                "--log.level=warn",
            ]
        )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def forget(self):
        """Takes the server out of the configuration."""
        file = self.folder / "prometheus.yml"
        file.write_text(file.read_text("utf-8").replace(f'"{self.target}"', ""), "utf-8")
        self.process.send_signal(signal.SIGHUP)

    def query(self, expr):
        """The result of an instant query, as Prometheus has it."""
        data = urllib.parse.urlencode({"query": expr}).encode()
        try:
            with urllib.request.urlopen(f"http://{self.address}/api/v1/query", data) as reply:
                return json.load(reply)["data"]["result"]
        except urllib.error.HTTPError as refused:
            raise SystemExit(f"{expr}: {json.load(refused)['error']}") from None

    def values(self, expr):
        """The numbers of an instant query."""
        return [float(series["value"][1]) for series in self.query(expr)]

    def bounds(self, histogram):
        """The buckets of a histogram, as numbers."""
        found = self.query(f"sum by (le) ({histogram}_bucket)")
        return sorted(float(series["metric"]["le"]) for series in found)

    def next_scrape(self):
        """Waits until a scrape that began after now is done."""
        began = time.time()
        until = began + START_S
        while time.time() < until:
            if self.values('min(timestamp(up{job="recommender"}))')[0] > began:
                return
            time.sleep(0.1)
        raise SystemExit("Prometheus has stopped to scrape the server.")

    def _shorter(self, duration):
        """A duration of the rules, divided; no less than what holds two scrapes."""
        seconds = int(duration[1]) * {"m": 60, "h": 3600, "d": 86400}[duration[2]]
        return f"{max(4, seconds // self.faster)}s"

    def _wait(self):
        """Until the first scrape is done."""
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://{self.address}/-/ready"):
                    if self.values('up{job="recommender"}') == [1.0]:
                        return
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit("Prometheus did not start, or did not scrape the server.")
