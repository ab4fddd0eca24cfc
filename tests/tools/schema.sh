#!/usr/bin/env bash
# The server behaves as /openapi.json describes, for requests that schemathesis generates from it: no 500, and no
# status, type or body that is not described. EXAMPLES (30) is the number of requests for each endpoint. Run it by
# with-server.sh, which sets BASE_URL, with a small limit on tokens.
set -euo pipefail
# schemathesis writes its cache into the current folder.
cd "$(dirname "$0")/../../target/tools"
: "${BASE_URL:?run this by tests/tools/with-server.sh}"
clients/bin/schemathesis run "$BASE_URL/openapi.json" \
    --max-examples "${EXAMPLES:-30}" --phases examples,coverage,fuzzing --seed 1 --request-timeout 60 \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --suppress-health-check all --generation-database none --no-color
