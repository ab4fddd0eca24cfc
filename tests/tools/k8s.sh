#!/usr/bin/env bash
# Each overlay builds, its objects are what Kubernetes' schemas allow, and they fit together (k8s_links.py).
set -euo pipefail
cd "$(dirname "$0")/../.."
built=$(mktemp --suffix .yaml)
trap 'rm -f "$built"' EXIT
for overlay in k8s/overlays/*/; do
    kubectl kustomize "$overlay" >"$built"
    kubernetes-validate --strict -k 1.34 "$built"
    python3 tests/tools/k8s_links.py "$built"
    echo "$overlay holds $(grep -c '^kind:' "$built") objects, valid and linked."
done
