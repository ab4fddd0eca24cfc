"""*Inference latency*: where the time of a generation goes, from the queue to its last token."""

import panels as p
from page import INSTANCE, JOB, MODEL, dashboard as page


def dashboard(links):
    """The dashboard `recommender-inference`."""
    return page(
        "recommender-inference",
        "Recommender: inference latency",
        "Where the time of a generation goes: queue, prompt, first token, and every token after it.",
        before_the_first_token() + tokens() + batches() + memory() + machine(),
        links,
    )


def ratio(part, whole):
    """One counter's rate over another's, over all selected replicas."""
    rate = "sum(rate({}[$__rate_interval]))"
    return f"{rate.format(part)} / {rate.format(whole)}"


def before_the_first_token():
    """Queue, prompt, first token."""
    return [
        p.row("Before the first token"),
        p.lines(
            "First token",
            p.quantiles("llm_time_to_first_token_seconds", MODEL),
            "s",
            "From the submission of a generation to its first token: queue and prompt together.",
            p.steps(1, 2),
            "FirstTokenLateFast",
            show=True,
        ),
        p.lines(
            "Queue",
            p.quantiles("llm_request_queue_time_seconds", MODEL),
            "s",
            "How long generations wait before their prompt begins to be read.",
            p.steps(0.5, 2),
            "QueueNeverEmpty",
            show=True,
        ),
        p.lines(
            "Reading the prompt",
            p.quantiles("llm_request_prefill_time_seconds", MODEL),
            "s",
            "How long a prompt takes to be read (prefill).",
            p.steps(1, 2),
            "PrefixCacheCollapsed",
            show=True,
        ),
        p.heatmap(
            "First token, distribution",
            "llm_time_to_first_token_seconds",
            MODEL,
            "s",
            "How many first tokens came after how long. Two bands are two kinds of prompt: known and unknown ones.",
            "FirstTokenLateFast",
            width=12,
        ),
        p.heatmap(
            "Prompt tokens read a second, distribution",
            "llm_prefill_tokens_per_second",
            MODEL,
            "short",
            "Token throughput of each prompt's reading, known tokens left out.",
            "FirstTokenLateSlow",
            width=12,
        ),
    ]


def tokens():
    """Every token after the first."""
    return [
        p.row("Every token after it"),
        p.lines(
            "Tokens a second of a generation",
            p.quantiles("llm_decode_tokens_per_second", MODEL, by=(0.05, 0.5, 0.95)),
            "short",
            "How fast an answer is said. p5: five of 100 are slower. People read about ten a second.",
            p.steps(20, 10, falling=True),
            "TokensSlow",
            show=True,
        ),
        p.lines(
            "Time per output token",
            p.quantiles("llm_time_per_output_token_seconds", MODEL),
            "s",
            "Mean time per token after the first, of each generation.",
            p.steps(0.05, 0.1),
            "TokensSlow",
            show=True,
        ),
        p.lines(
            "Time between tokens",
            p.quantiles("llm_inter_token_latency_seconds", MODEL),
            "s",
            "The pauses a reader sees. 0 between tokens that came from one step.",
            p.steps(0.1, 0.2),
            "TokensSlow",
            show=True,
        ),
        p.heatmap(
            "Tokens a second, distribution",
            "llm_decode_tokens_per_second",
            MODEL,
            "short",
            "How many generations ran how fast.",
            "TokensSlow",
        ),
        p.heatmap(
            "Time between tokens, distribution",
            "llm_inter_token_latency_seconds",
            MODEL,
            "s",
            "How many pauses were how long. A second band is steps that also read somebody else's prompt.",
            "TokensSlow",
        ),
        p.lines(
            "Whole generation",
            p.quantiles("llm_e2e_request_latency_seconds", MODEL)
            + [
                (
                    f"histogram_quantile(0.5, sum by (le) (rate(llm_request_decode_time_seconds_bucket{{{MODEL}}}[$__rate_interval])))",
                    "p50 of saying alone",
                )
            ],
            "s",
            "From submission to end; what is not queue or prompt is the saying.",
            p.steps(10, 20),
            "AnswerLateFast",
            show=True,
        ),
    ]


def batches():
    """What runs together, and how it ends."""
    return [
        p.row("What runs together"),
        p.lines(
            "Running and waiting",
            [
                (f"llm_requests_running{{{INSTANCE}}}", "{{instance}} running"),
                (f"llm_requests_waiting{{{INSTANCE}}}", "{{instance}} waiting"),
                (f"llm_requests_running_limit{{{INSTANCE}}}", "{{instance}} may run"),
            ],
            "short",
            "Generations in prefill or decode, and generations that wait for a place.",
            p.steps(1, 8),
            "QueueNeverEmpty",
            width=6,
        ),
        p.heatmap(
            "Batch size, distribution",
            "llm_batch_size",
            MODEL,
            "short",
            "Sequences that one step of the engine reads together.",
            "TokensSlow",
            width=6,
        ),
        p.lines(
            "Length",
            [(expr, f"{name} read") for expr, name in p.quantiles("llm_request_prompt_tokens", MODEL, by=(0.5, 0.95))]
            + [
                (expr, f"{name} said")
                for expr, name in p.quantiles("llm_request_generation_tokens", MODEL, by=(0.5, 0.95))
            ],
            "short",
            "Tokens of prompts, and tokens that generations said.",
            p.steps(),
            "AnswerLateSlow",
            width=6,
        ),
        p.lines(
            "How generations end",
            [(f"sum by (reason) (rate(llm_requests_finished_total{{{INSTANCE}}}[$__rate_interval]))", "{{reason}}")],
            "reqps",
            "`stop` ended by itself, `length` met its limit, `cancelled` lost its reader or was no longer needed.",
            p.steps(),
            "AnswersFail",
            width=6,
            stacked=True,
        ),
    ]


def memory():
    """What need not be computed again, and the memory that this takes."""
    hits = ratio(f"llm_prefix_cache_hits_total{{{INSTANCE}}}", f"llm_prefix_cache_queries_total{{{INSTANCE}}}")
    drafts = ratio(f"llm_lookup_accepted_tokens_total{{{INSTANCE}}}", f"llm_lookup_draft_tokens_total{{{INSTANCE}}}")
    return [
        p.row("What need not be computed again"),
        p.lines(
            "Prompt tokens known already",
            [(hits, "now"), ("job:llm_prefix_cache_hits:ratio_1d", "over a day")],
            "percentunit",
            "Share of prompt tokens whose keys and values were found in the prefix cache.",
            p.steps(0.3, 0.1, falling=True),
            "PrefixCacheCollapsed",
            most=1,
        ),
        p.lines(
            "Drafted tokens that the model chose too",
            [(drafts, "accepted")],
            "percentunit",
            "Tokens that were copied from the prompt as a guess, and that the model confirmed: these cost a step less each.",
            p.steps(0.3, 0.1, falling=True),
            "TokensSlow",
            most=1,
        ),
        p.lines(
            "Memory for keys and values",
            [
                (f"llm_kv_cache_bytes{{{INSTANCE}}}", "{{instance}} in use"),
                (f"llm_kv_cache_capacity_bytes{{{INSTANCE}}}", "{{instance}} capacity"),
            ],
            "bytes",
            "Full is how it ends up, for texts that may come again are kept; full while somebody waits is a fault.",
            p.steps(),
            "KvMemoryFull",
        ),
    ]


def machine():
    """Embedding, process and build."""
    embedding = p.quantiles("embedding_duration_seconds", INSTANCE, by=(0.5, 0.95))
    return [
        p.row("Machine"),
        p.lines(
            "Embedding a batch",
            embedding,
            "s",
            "How long a batch of texts takes to embed; a question is a batch of one.",
            p.steps(0.05, 0.25),
            "FirstTokenLateFast",
            width=6,
        ),
        p.lines(
            "Texts embedded",
            [
                (f"sum(rate(embedding_texts_total{{{INSTANCE}}}[$__rate_interval]))", "a second"),
                (
                    f"sum(rate(embedding_batch_size_sum{{{INSTANCE}}}[$__rate_interval])) / sum(rate(embedding_batch_size_count{{{INSTANCE}}}[$__rate_interval]))",
                    "in a batch",
                ),
            ],
            "short",
            "Questions one by one; reviews in large batches, at a start or a reload.",
            p.steps(),
            "ReloadFails",
            width=6,
        ),
        p.lines(
            "Threads",
            [
                (f"process_threads{{{JOB}}}", "{{instance}} threads"),
                (f"compute_threads{{{INSTANCE}}}", "{{instance}} that compute"),
            ],
            "short",
            "Threads of the process, and those of them that compute.",
            p.steps(),
            "ThreadsAboveQuota",
            width=6,
        ),
        p.stat(
            "Build",
            f"build_info{{{INSTANCE}}}",
            "short",
            "Version, commit and device of each replica.",
            p.steps(),
            "AnswersFail",
            legend="{{version}} {{git_sha}} {{device}}",
            width=6,
        ),
    ]
