# All tasks of the project. `make` without a task lists them.
.DEFAULT_GOAL := help
.PHONY: help run models test test-tools fuzz fuzz-files lighthouse lint deny slow answers monitoring alerts replicas \
	scaling dashboards pictures image bundle vendor clean

# Extra arguments for every cargo command. .ci/run sets --locked.
CARGO_FLAGS ?=
# Arguments for the server, as in: make run ARGS='--listen 127.0.0.1:8080 --data my-reviews.csv'
ARGS ?=
# The folder for `make slow`: data/ with large review files, eval/ with public test sets.
EVAL_DIR ?= ../shared
# The commit of the source, for /info and the image label.
GIT_SHA ?= $(shell git describe --always --abbrev=40 --dirty --exclude '*' 2>/dev/null)
# Cargo's output folder.
TARGET := $(or $(CARGO_TARGET_DIR),target)

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: models ## Get the models, build a release, and serve on 127.0.0.1:5000; ARGS is passed to the server
	cargo run --release $(CARGO_FLAGS) -- serve $(ARGS)

models: ## Download the default models into models/, if they are missing
	cargo run $(CARGO_FLAGS) --package fetch-models -- --dir models

test: models ## Run all tests that need only Rust
	cargo test $(CARGO_FLAGS) --workspace

test-tools: models ## Run the checks that need other programs (installs them): browser, clients, monitoring, manifests
	tests/tools/install.sh
	cargo build $(CARGO_FLAGS) --workspace
	SERVER=$(TARGET)/debug/flipkart-recommender tests/tools/run.sh

fuzz: models ## Send 500 valid and invalid requests to every endpoint, with schemathesis
	tests/tools/install.sh
	cargo build $(CARGO_FLAGS) --workspace
	SERVER=$(TARGET)/debug/flipkart-recommender EXAMPLES=500 RECOMMENDER_MAX_TOKENS=8 \
		RECOMMENDER_MAX_COMPLETION_TOKENS=8 tests/tools/with-server.sh tests/tools/schema.sh

# Seconds for each target of `make fuzz-files`; fuzz/README.md describes the targets.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= archive cells dialect encoding json parquet table_csv workbook
fuzz-files: ## Read damaged and invented review files with cargo-fuzz, FUZZ_SECONDS for each of FUZZ_TARGETS
	@cargo fuzz --version >/dev/null 2>&1 || \
		{ echo 'cargo-fuzz is missing: install it with "cargo install cargo-fuzz --locked".' >&2; exit 1; }
	cargo fuzz build --sanitizer none --release
	status=0; for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/corpus/$$target fuzz/seeds/$$target; \
		POLARS_MAX_THREADS=1 cargo fuzz run --sanitizer none --release $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
			-dict=fuzz/reviews.dict -max_len=65536 -timeout=20 -rss_limit_mb=2048 -max_total_time=$(FUZZ_SECONDS) || status=1; \
	done; exit $$status

lighthouse: models ## Score the page with Lighthouse (installs it): the median of three runs must be 95 or better
	tests/tools/install.sh
	cargo build $(CARGO_FLAGS)
	SERVER=$(TARGET)/debug/flipkart-recommender tests/tools/with-server.sh tests/tools/lighthouse.sh

lint: ## Check formatting, clippy and documentation; a warning is an error
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc $(CARGO_FLAGS) --no-deps --workspace --document-private-items

deny: ## Check dependencies with cargo-deny (compiles it once, 3 minutes): bans, licences, sources
	command -v cargo-deny || test -x target/tools/bin/cargo-deny || \
		cargo install --locked --no-default-features --root target/tools cargo-deny@0.20.2
	cargo fetch $(CARGO_FLAGS)
	PATH=target/tools/bin:$$PATH cargo deny --offline --workspace check -D warnings bans licenses sources

slow: models ## Measure quality on large sets in EVAL_DIR: recall of the index, retrieval, correlation of the embeddings
	cargo build --release $(CARGO_FLAGS)
	$(TARGET)/release/flipkart-recommender eval recall --data $(EVAL_DIR)/data/flipkart_reviews_205k.csv.zst
	$(TARGET)/release/flipkart-recommender eval retrieval $(EVAL_DIR)/eval/shop205k \
		--data $(EVAL_DIR)/data/flipkart_reviews_205k.csv.zst
	$(TARGET)/release/flipkart-recommender eval sts $(EVAL_DIR)/eval/stsb/test.jsonl

answers: models ## Write the answers to tests/data/answers anew: docs/answers.md, and target/answers for reviews in EVAL_DIR
	cargo build --release $(CARGO_FLAGS)
	SERVER=$(TARGET)/release/flipkart-recommender EVAL_DIR=$(EVAL_DIR) tests/tools/answers.sh

monitoring: ## Start Prometheus for the running server and print its links (SERVER_ADDRESS, PROMETHEUS_ADDRESS)
	monitoring/run.sh

alerts: models ## Trigger the alerts on real servers with a real Alertmanager: overload, little CPU, broken reviews
	cargo build $(CARGO_FLAGS)
	SERVER=$(TARGET)/debug/flipkart-recommender PATH=$$PATH:target/tools/prometheus/usr/bin \
		python3 tests/tools/monitoring_alerts.py

replicas: models ## Send questions to two replicas behind a real HAProxy while they restart one after the other
	cargo build --release $(CARGO_FLAGS)
	SERVER=$(TARGET)/release/flipkart-recommender python3 tests/tools/deploy_replicas.py

scaling: models ## Measure start, memory and search by the size of DATA, and how many users one server supports
	cargo build --release $(CARGO_FLAGS)
	SERVER=$(TARGET)/release/flipkart-recommender python3 tests/tools/scaling.py

dashboards: ## Regenerate Grafana's dashboards and the table of metrics, after a change in monitoring/ or src/metrics.rs
	python3 monitoring/generate

PROMETHEUS_URL ?= http://127.0.0.1:9090
pictures: ## Render the dashboards with Grafana's components from PROMETHEUS_URL into target/pictures (installs 430 MB)
	mkdir -p target/pictures
	test -d target/pictures/node_modules/@grafana/ui || npm install --prefix target/pictures --no-save --no-audit --no-fund \
		--legacy-peer-deps --loglevel=error @grafana/ui@13.2.2 @grafana/data@13.2.3 @grafana/schema@13.2.3 \
		react@18 react-dom@18 esbuild@0.28.2 playwright-core@1.65.1
	node tests/tools/picture/draw.mjs $(PROMETHEUS_URL) target/pictures/node_modules target/pictures

image: models ## Build the CPU image with docker (ENGINE=podman or ENGINE=buildah work too)
	$(or $(ENGINE),docker) build --build-arg GIT_SHA=$(GIT_SHA) --file Dockerfile.cpu \
		--tag localhost/recommender:cpu .

bundle: models ## Make target/bundle: all files for a machine or cluster without a network, with checksums (IMAGES, ENGINE)
	GIT_SHA=$(GIT_SHA) cargo build --release $(CARGO_FLAGS)
	command -v cargo-cyclonedx || test -x target/tools/bin/cargo-cyclonedx || \
		cargo install --locked --root target/tools cargo-cyclonedx@0.5.9
	PATH=target/tools/bin:$$PATH deploy/bundle.sh $(TARGET)/release/flipkart-recommender

vendor: ## Copy all crates into deploy/offline, to build an image without a network
	cargo vendor --locked deploy/offline/vendor | sed 's|"deploy/offline/|".cargo/|' >deploy/offline/config.toml

clean: ## Remove the build output; keeps the models and the index snapshot
	cargo clean
