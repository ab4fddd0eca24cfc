#!/usr/bin/env bash
# All checks that need other programs than Rust's, one after another; after a failure, the next one still runs.
# install.sh installs the programs. SERVER is the binary, or else the dev build.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
tools=$PWD/target/tools
export SERVER=${SERVER:-target/debug/flipkart-recommender}
export PATH=$tools/venv/bin:$tools/prometheus/usr/bin:$PATH
here=tests/tools
passed=0
failed=()

check() {
    local name=$1 began=$SECONDS
    shift
    echo "--- $name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed+=("$name")
        echo "FAILED: $name" >&2
    fi
    echo "    $((SECONDS - began)) s"
}

check "shell scripts" $here/shell.sh
check "offline tree" $here/offline-tree.sh
check "Dockerfiles" hadolint Dockerfile.*
check "Kubernetes manifests" $here/k8s.sh
check "monitoring" $here/monitoring.sh
check "systemd unit" $here/deploy_systemd.sh
check "bundle" $here/deploy_bundle.sh
check "settings" $here/settings.sh
check "live metrics" $here/with-server.sh $here/metrics.sh
check "monitoring under load" $here/with-server.sh python3 $here/monitoring_live.py
check "clients" $here/with-server.sh "$tools/clients/bin/python" $here/clients.py
check "API document" env RECOMMENDER_MAX_TOKENS=8 RECOMMENDER_MAX_COMPLETION_TOKENS=8 $here/with-server.sh $here/schema.sh
check "page" $here/with-server.sh $here/page.sh

for name in "${failed[@]}"; do
    echo "FAILED: $name"
done
echo "$passed passed, ${#failed[@]} failed"
((${#failed[@]} == 0))
