#!/usr/bin/env bash
# Starts Prometheus on this machine for a running server, and prints its links. Ctrl-C stops it.
#
# SERVER_ADDRESS (127.0.0.1:5000) is the server's address, PROMETHEUS_ADDRESS (127.0.0.1:9090) that of Prometheus. The
# data is stored in target/monitoring.
set -euo pipefail
cd "$(dirname "$0")/.."
server=${SERVER_ADDRESS:-127.0.0.1:5000}
own=${PROMETHEUS_ADDRESS:-127.0.0.1:9090}
export PATH=$PATH:$PWD/target/tools/prometheus/usr/bin

command -v prometheus >/dev/null || {
    echo "Prometheus is not installed. On Debian: apt-get install prometheus" >&2
    exit 1
}
curl --fail --silent --output /dev/null "http://$server/livez" || {
    echo "No server answers at $server. Start one with \`make run\`, or set its address: SERVER_ADDRESS=HOST:PORT." >&2
    exit 1
}

here=target/monitoring
mkdir -p $here
rm -rf $here/rules
cp -r monitoring/prometheus/rules $here/
sed "s/127\.0\.0\.1:5000/$server/; s/127\.0\.0\.1:9090/$own/" monitoring/prometheus/prometheus.yml >$here/prometheus.yml

prometheus --config.file=$here/prometheus.yml --storage.tsdb.path=$here/data --web.listen-address="$own" \
    --log.level=warn &
pid=$!
trap 'kill $pid 2>/dev/null || true; wait $pid || true' EXIT

until curl --fail --silent --output /dev/null "http://$own/-/ready"; do
    kill -0 $pid 2>/dev/null || {
        echo "Prometheus stopped. If $own is in use, choose another address: PROMETHEUS_ADDRESS=127.0.0.1:9091." >&2
        exit 1
    }
    sleep 0.2
done
cat <<TEXT
Prometheus scrapes $server every 15 s.
  targets   http://$own/targets
  alerts    http://$own/alerts
  rules     http://$own/rules
  tokens    http://$own/graph?g0.expr=instance:llm_generation_tokens:rate1m&g0.tab=0
  latency   http://$own/graph?g0.expr=job:rag_time_to_first_token_seconds:p95_5m&g0.tab=0
Ctrl-C stops it.
TEXT
wait $pid
