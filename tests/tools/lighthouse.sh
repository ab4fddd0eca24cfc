#!/usr/bin/env bash
# Lighthouse's scores of the page, the median of three runs: fails below 95 of 100. Run it by with-server.sh, which sets
# BASE_URL. Not part of run.sh: a score of speed means little on a machine that also runs other programs.
set -euo pipefail
cd "$(dirname "$0")/../.."
least=95
tools=target/tools/lighthouse
version=13.5.0
CHROME_PATH=$(command -v chromium)
export CHROME_PATH

if [[ $(cat $tools/installed 2>/dev/null) != "$version" ]]; then
    npm install --prefix $tools --no-save --no-audit --no-fund --loglevel=error "lighthouse@$version"
    echo "$version" >$tools/installed
fi

for run in 1 2 3; do
    $tools/node_modules/.bin/lighthouse "${BASE_URL:?run this by tests/tools/with-server.sh}/" --quiet --output json \
        --output-path "$tools/run-$run.json" --only-categories performance,accessibility,best-practices \
        --no-enable-error-reporting --chrome-flags="--headless=new --no-sandbox --disable-gpu --disable-background-networking"
done

jq --slurp --raw-output --argjson least $least '
    map(.categories) | [.[0] | keys[] as $name | {$name}] as $names | . as $runs | $names
    | map(.name as $name | {$name, score: ($runs | map(.[$name].score * 100) | sort[1])})
    | (.[] | "\(.name) \(.score)"), if any(.score < $least) then error("A score is below \($least).") else empty end
' $tools/run-*.json
