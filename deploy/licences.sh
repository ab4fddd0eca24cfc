#!/bin/sh
# Writes the list of the program's crates into folder $1: crates.tsv (name, version and licence of every crate), and a
# folder per crate with its licence texts. With cargo-cyclonedx and jq, also sbom.cdx.json (CycloneDX).
# Run it in the root of the checkout, after cargo fetch.
set -eu
out=$1
registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
mkdir -p "$out"
features=${2:-}

# Each input line has the form `name v1.2.3 (source)`, a tab, and the licence.
cargo tree --offline --locked --package flipkart-recommender --edges normal --prefix none --no-dedupe \
    ${features:+--features "$features"} --format '{p}	{l}' |
    sed -n 's/^\([^ ]*\) v\([^ 	]*\)[^	]*	\(.*\)$/\1	\2	\3/p' | sort -u >"$out/crates.tsv"

while IFS='	' read -r name version _; do
    # The crates are in cargo's registry, or in the folder of `make vendor`.
    for folder in "$registry"/*/"$name-$version" .cargo/vendor/"$name-$version" .cargo/vendor/"$name"; do
        for text in "$folder"/LICEN[CS]E* "$folder"/COPYING* "$folder"/NOTICE* "$folder"/UNLICENSE*; do
            if [ -f "$text" ]; then
                mkdir -p "$out/$name-$version"
                cp "$text" "$out/$name-$version/"
            fi
        done
    done
done <"$out/crates.tsv"
if cargo cyclonedx --version >/dev/null 2>&1; then
    # cargo-cyclonedx writes one file next to each manifest. It also needs the crates for tests, fetched or vendored.
    trap 'rm -f sbom.cdx.json models/fetch/sbom.cdx.json' EXIT
    cargo cyclonedx --quiet --format json --spec-version 1.5 --no-build-deps \
        --override-filename sbom.cdx ${features:+--features "$features"}
    jq --rawfile crates "$out/crates.tsv" --arg checkout "$PWD" --from-file deploy/sbom.jq sbom.cdx.json \
        >"$out/sbom.cdx.json"
else
    echo "sbom.cdx.json was not written: cargo-cyclonedx is missing. Install it: cargo install --locked cargo-cyclonedx." >&2
fi
echo "$(wc -l <"$out/crates.tsv") crates, $(find "$out" -mindepth 1 -type d | wc -l) of them with licence texts."
