#!/usr/bin/env bash
# The server's dependency tree contains none of the HTTP and TLS clients that deny.toml bans (invariant 7), on any
# platform and with every feature. cargo-deny checks the same; this check needs only cargo and takes a second.
set -euo pipefail
cd "$(dirname "$0")/../.."

# The crates of package $1, one on each line: name, version, features.
tree() {
    cargo tree --locked --package "$1" --edges normal,build --target all --all-features \
        --prefix none --no-dedupe --format '{p} {f}' | sort -u
}

# The names in the `deny` list of deny.toml's [bans].
banned=$(sed -n '/^deny = \[/,/^\]/s/.*{ crate = "\([^"]*\)".*/\1/p' deny.toml)

# The lines of standard input that name a banned crate, or a client half of hyper.
offenders() {
    awk -v banned="$banned" '
        BEGIN { n = split(banned, list); for (i = 1; i <= n; i++) bad[list[i]] = 1 }
        $1 in bad { print }
        $1 ~ /^hyper(-util)?$/ && / (.*,)?client/ { print }'
}

# Proof that the check works: models/fetch has an HTTP client, which must be found.
if [[ -z $(tree fetch-models | offenders) ]]; then
    echo "This check does not work: it found no banned crate in models/fetch, which has an HTTP client." >&2
    exit 1
fi

found=$(tree flipkart-recommender | offenders)
if [[ -n $found ]]; then
    echo "The server must not have an HTTP or TLS client, but these crates are in its tree:" >&2
    echo "$found" >&2
    echo "To find the crate that depends on one of them: cargo tree -p flipkart-recommender -e normal,build -i NAME" >&2
    exit 1
fi
echo "The server's tree contains none of the $(wc -w <<<"$banned") banned crates."
