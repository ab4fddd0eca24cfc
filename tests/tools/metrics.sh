#!/usr/bin/env bash
# promtool's lint of the metrics, after an answer. Run it by with-server.sh, which sets BASE_URL.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${BASE_URL:?run this by tests/tools/with-server.sh}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# promtool does not check an empty histogram, so there is an answer first.
curl --fail --silent --show-error --output "$work/answer" -H 'Content-Type: application/json' \
    --data '{"messages":[{"role":"user","content":"Which headset has the best battery?"}]}' "$BASE_URL/api/chat"
grep -q '^event: *final' "$work/answer" || {
    echo "The answer's stream has no final event:" >&2
    cat "$work/answer" >&2
    exit 1
}

curl --fail --silent --show-error "$BASE_URL/metrics" >"$work/metrics"
promtool check metrics <"$work/metrics"
echo "promtool has no findings in $(grep -c '^# TYPE' "$work/metrics") metrics."
