#!/usr/bin/env bash
# The metrics as Prometheus sees them: promtool's lint of the exposition after a question was answered, and one scrape
# by a real Prometheus with the project's own configuration. Run it by with-server.sh, which sets BASE_URL.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${BASE_URL:?run this by tests/tools/with-server.sh}"
work=$(mktemp -d)
prometheus_pid=
finish() {
    if [[ -n $prometheus_pid ]]; then
        kill "$prometheus_pid" 2>/dev/null || true
        wait "$prometheus_pid" || true
    fi
    rm -rf "$work"
}
trap finish EXIT

# A histogram that no request has filled would pass unseen.
curl --fail --silent --show-error --output "$work/answer" -H 'Content-Type: application/json' \
    --data '{"messages":[{"role":"user","content":"Which headset has the best battery?"}]}' "$BASE_URL/api/chat"
grep -q '^event: *final' "$work/answer" || {
    echo "The answer's stream has no final event:" >&2
    cat "$work/answer" >&2
    exit 1
}

curl --fail --silent --show-error "$BASE_URL/metrics" >"$work/metrics"
promtool check metrics <"$work/metrics"
echo "promtool has nothing to say about $(grep -c '^# TYPE' "$work/metrics") metrics."

# The project's configuration, with this server's address in the place of the default one, and not 15 s of waiting.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -e "s/127\.0\.0\.1:5000/${BASE_URL#http://}/; s/127\.0\.0\.1:9090/127.0.0.1:$port/" \
    -e 's/interval: 15s/interval: 1s/; s/timeout: 10s/timeout: 1s/' \
    monitoring/prometheus/prometheus.yml >"$work/prometheus.yml"
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
    --web.listen-address="127.0.0.1:$port" --log.level=warn &
prometheus_pid=$!

# Reads the value of an expression from Prometheus; empty while it has none.
value() {
    curl --fail --silent --get --data-urlencode "query=$1" "http://127.0.0.1:$port/api/v1/query" |
        jq -r '.data.result[0].value[1] // empty'
}
answers=
for _ in $(seq 150); do
    answers=$(value 'rag_requests_total{job="recommender",outcome=~"answered|extractive"} > 0' || true)
    [[ -z $answers ]] || break
    sleep 0.2
done
if [[ -z $answers ]]; then
    echo "Prometheus did not see the answer in rag_requests_total within 30 s." >&2
    exit 1
fi
echo "Prometheus scraped the server: up is $(value 'up{job="recommender"}'), answers counted: $answers."
