#!/usr/bin/env bash
# The server reads every environment variable that an image or a manifest sets: it would silently ignore a misspelt one.
set -euo pipefail
cd "$(dirname "$0")/../.."
server=${SERVER:-target/debug/flipkart-recommender}

read_by_server=$("$server" serve --help | grep -o 'RECOMMENDER_[A-Z_]*' | sort -u)
set_somewhere=$(grep -rhoE 'RECOMMENDER_[A-Z_]+' Dockerfile.* deploy k8s | sort -u)
unknown=$(comm -13 <(echo "$read_by_server") <(echo "$set_somewhere"))
if [[ -z $set_somewhere || -n $unknown ]]; then
    echo "The server does not read these variables: ${unknown:-(none found at all)}" >&2
    grep -rnF "${unknown%%$'\n'*}" Dockerfile.* deploy k8s >&2
    exit 1
fi
echo "The server reads all $(wc -l <<<"$set_somewhere") variables that images and manifests set."
