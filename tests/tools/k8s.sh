#!/usr/bin/env bash
# Every installation of k8s/ builds; its objects match the schemas of two versions of Kubernetes and refer to each other
# correctly (k8s_links.py); and checkov has no findings except those that k8s/.checkov.yaml explains.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p target/tools
work=$(mktemp -d -p target/tools)
trap 'rm -rf "$work"' EXIT
mkdir "$work/built"

# Checks the build with the name $1.
check() {
    local built=$work/built/$1.yaml
    # There are no schemas for the objects of operators.
    python3 - "$built" "$work/plain.yaml" <<'PYTHON'
import sys, yaml
items = [item for item in yaml.safe_load_all(open(sys.argv[1])) if item]
foreign = ("keda.sh/", "monitoring.coreos.com/")
yaml.safe_dump_all([item for item in items if not item["apiVersion"].startswith(foreign)], open(sys.argv[2], "w"))
PYTHON
    for version in 1.31 1.36; do
        kubernetes-validate --strict --quiet -k "$version" "$work/plain.yaml"
    done
    python3 tests/tools/k8s_links.py "$built"
    echo "$1: $(grep -c '^kind:' "$built") objects, all valid."
}

for folder in k8s/overlays/*/ k8s/monitoring/ k8s/monitoring-without-rbac/; do
    name=$(basename "$folder")
    kubectl kustomize "$folder" >"$work/built/$name.yaml"
    check "$name"
done

# Builds the overlay cpu, or the folder $base, with the components $2 … as $1.
combine() {
    local name=$1 component
    shift
    mkdir -p "$work/$name"
    {
        printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n'
        printf 'resources: [../../../../k8s/%s]\ncomponents:\n' "${base:-overlays/cpu}"
        for component in "$@"; do
            printf '  - ../../../../k8s/components/%s\n' "$component"
        done
    } >"$work/$name/kustomization.yaml"
    kubectl kustomize "$work/$name" >"$work/built/$name.yaml"
}
scalers=()
for folder in k8s/components/*/; do
    name=$(basename "$folder")
    combine "with-$name" "$name"
    check "with-$name"
    [[ $name != scale-* ]] || scalers+=("$name")
done
# Any two components that scale exclude each other.
for one in "${scalers[@]}"; do
    for other in "${scalers[@]}"; do
        if [[ $one != "$other" ]] && combine twice "$one" "$other" 2>/dev/null; then
            echo "$one and $other can be combined." >&2
            exit 1
        fi
    done
done
rm -f "$work/built/twice.yaml"
echo "No two of ${scalers[*]} can be combined."

# The recommender and its monitoring together.
python3 tests/tools/k8s_network.py "$work/built/cpu.yaml" "$work/built/monitoring.yaml"
python3 tests/tools/k8s_network.py "$work/built/cuda.yaml" "$work/built/monitoring.yaml"

# images.txt lists exactly the images in use.
images() { grep -rho 'image: .*' "$@" | sed 's/^image: //' | LC_ALL=C sort -u; }
images "$work/built" | grep -v ^registry.example/ | diff - k8s/images.txt
base=monitoring combine mirrored-monitoring private-registry
if images "$work"/built/{with-private-registry,mirrored-monitoring}.yaml | grep -v ^registry.example/; then
    echo "These images are not from the private registry." >&2
    exit 1
fi
echo "k8s/images.txt lists the $(wc -l <k8s/images.txt) images in use."

# The operator's objects: the ServiceMonitor finds the Service, and its rules are those that promtool checks.
kubectl kustomize k8s/monitoring-operator >"$work/operator.yaml"
python3 - "$work/operator.yaml" "$work/built/cpu.yaml" <<'PYTHON'
import sys, yaml
operator, cpu = ([item for item in yaml.safe_load_all(open(path)) if item] for path in sys.argv[1:])
(monitor,) = (item for item in operator if item["kind"] == "ServiceMonitor")
(rules,) = (item for item in operator if item["kind"] == "PrometheusRule")
labels, port = monitor["spec"]["selector"]["matchLabels"], monitor["spec"]["endpoints"][0]["port"]
found = [
    item["metadata"]["name"] for item in cpu
    if item["kind"] == "Service" and labels.items() <= item["metadata"]["labels"].items()
    and port in [known.get("name") for known in item["spec"]["ports"]]
]
assert "recommender" in found, f"The ServiceMonitor finds {found}."
files = [yaml.safe_load(open(f"monitoring/prometheus/rules/{name}.yml")) for name in ("alerts", "recording")]
assert rules["spec"]["groups"] == [group for file in files for group in file["groups"]], "run: make dashboards"
PYTHON

checkov --directory "$work/built" --framework kubernetes --config-file k8s/.checkov.yaml --compact --quiet \
    --skip-download >"$work/checkov.log" 2>&1 || {
    cat "$work/checkov.log" >&2
    exit 1
}
echo "checkov has no findings except those that k8s/.checkov.yaml explains."
