#!/bin/sh
# Writes into folder $1 what the program is made of: crates.tsv (name, version, licence of every crate), the texts of
# their licences, a folder each, and the same for programs, sbom.cdx.json (CycloneDX), where cargo-cyclonedx is (and jq).
# Runs in the root of the checkout; the crates have been fetched.
set -eu
out=$1
registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
mkdir -p "$out"
features=${2:-}

# A crate's line is `name v1.2.3 (where from)` and its licence.
cargo tree --offline --locked --package flipkart-recommender --edges normal --prefix none --no-dedupe \
    ${features:+--features "$features"} --format '{p}	{l}' |
    sed -n 's/^\([^ ]*\) v\([^ 	]*\)[^	]*	\(.*\)$/\1	\2	\3/p' | sort -u >"$out/crates.tsv"

while IFS='	' read -r name version _; do
    # Fetched by cargo, or brought along by `make vendor`.
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
    # It leaves one beside each manifest, and wants to see also what is for tests alone: fetched now, or vendored.
    trap 'rm -f sbom.cdx.json models/fetch/sbom.cdx.json' EXIT
    cargo cyclonedx --quiet --format json --spec-version 1.5 --no-build-deps \
        --override-filename sbom.cdx ${features:+--features "$features"}
    jq --rawfile crates "$out/crates.tsv" --arg checkout "$PWD" --from-file deploy/sbom.jq sbom.cdx.json \
        >"$out/sbom.cdx.json"
else
    echo "There is no sbom.cdx.json: cargo-cyclonedx is not installed, as by cargo install --locked cargo-cyclonedx." >&2
fi
echo "$(wc -l <"$out/crates.tsv") crates, the licences of $(find "$out" -mindepth 1 -type d | wc -l) of them with their text."
