#!/usr/bin/env bash
# The files of monitoring/, without a server: Prometheus' configurations and rules, the alerts' test cases, discovery in
# a cluster, dashboards that are up to date and match Grafana's types, and names that exist.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd monitoring/prometheus

promtool check config prometheus.yml cluster-static.yml >"$work/log" || { cat "$work/log"; exit 1; }
promtool test rules tests/*.yml >"$work/log" || { cat "$work/log"; exit 1; }
echo "promtool has no findings in configurations and rules; $(grep -c SUCCESS "$work/log") files of test cases pass."

# Debian's Prometheus is built without Kubernetes: a file replaces discovery, and the real relabelling is applied to it.
python3 - cluster.yml "$work" <<'PYTHON'
import json, pathlib, sys, yaml
config = yaml.safe_load(open(sys.argv[1]))
job = next(job for job in config["scrape_configs"] if job["job_name"] == "recommender")
(found,) = job.pop("kubernetes_sd_configs")
assert found == {"role": "pod", "namespaces": {"names": ["recommender"]}}, found
meta = "__meta_kubernetes_pod_"
def pod(name, phase="Running", **annotations):
    labels = {f"{meta}annotation_prometheus_io_{key}": value for key, value in annotations.items()}
    labels |= {"__meta_kubernetes_namespace": "recommender", f"{meta}name": name, f"{meta}phase": phase, f"{meta}ip": "10.1.2.3"}
    return {"targets": ["10.1.2.3:9999"], "labels": labels}
pods = [
    pod("serving", scrape="true", port="5000", path="/metrics"),
    pod("ended", phase="Failed", scrape="true", port="5000", path="/metrics"),
    pod("other"),
]
work = pathlib.Path(sys.argv[2])
(work / "pods.json").write_text(json.dumps(pods))
job["file_sd_configs"] = [{"files": [str(work / "pods.json")]}]
del config["rule_files"]
(work / "cluster.yml").write_text(yaml.safe_dump(config))
PYTHON
promtool check service-discovery --timeout=5s "$work/cluster.yml" recommender >"$work/found"
python3 - "$work/found" <<'PYTHON'
import json, sys
text = open(sys.argv[1]).read()
kept = [target["labels"] for target in json.loads(text[text.index("["):]) if target.get("labels")]
want = {"__address__": "10.1.2.3:5000", "__metrics_path__": "/metrics", "instance": "serving"}
want |= {"job": "recommender", "namespace": "recommender"}
assert len(kept) == 1 and want.items() <= kept[0].items(), kept
print("Of three pods only the serving one is scraped, at its annotated port, with its own name.")
PYTHON

cd ../..
python3 monitoring/generate --check
python3 tests/tools/monitoring_names.py
node tests/tools/monitoring_types.mjs target/tools/node_modules
