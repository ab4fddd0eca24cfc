"""*Overview*: is it up, is it fast, is it right, is it full? What an operator looks at first."""

import panels as p
from page import INSTANCE, JOB, MODEL, dashboard as page


def dashboard(links):
    """The dashboard `recommender-overview`."""
    return page(
        "recommender-overview",
        "Recommender: overview",
        "Is it up, is it fast, is it right, is it full? The other dashboards say why.",
        at_a_glance() + traffic() + speed() + room(),
        links,
    )


def at_a_glance():
    """Single numbers, worst first."""
    firing = 'count(ALERTS{alertstate="firing",alertname!=""}) or vector(0)'
    refused = f'sum(rate(rag_requests_total{{{INSTANCE},outcome="no_evidence"}}[1h])) / sum(rate(rag_requests_total{{{INSTANCE}}}[1h]))'
    return [
        p.row("At a glance"),
        p.stat(
            "Replicas ready",
            f"sum(server_ready{{{JOB}}})",
            "short",
            "Replicas that would answer a question.",
            p.steps(1, falling=True),
            "RecommenderDown",
            width=3,
        ),
        p.stat(
            "Alerts",
            firing,
            "short",
            "Alerts that fire now. Prometheus' page /alerts lists them.",
            p.steps(bad=1),
            "RecommenderMissing",
            width=3,
        ),
        p.stat(
            "Up since",
            f"min(time() - process_start_time_seconds{{{JOB}}})",
            "s",
            "How long ago the youngest replica was started.",
            p.steps(),
            "RecommenderRestarts",
            width=3,
        ),
        p.stat(
            "First word, p95",
            "job:rag_time_to_first_token_seconds:p95_5m",
            "s",
            "95 of 100 users wait no longer than this for the first piece of their answer. Promised: 2 s for 99.",
            p.steps(1, 2),
            "FirstTokenLateFast",
            width=3,
        ),
        p.stat(
            "Late first words",
            "job:first_token_late:ratio_1h",
            "percentunit",
            "Share of the last hour's answers that began after 2 s. One of 100 is allowed over a month.",
            p.steps(0.01, 0.144),
            "FirstTokenLateFast",
            width=3,
            decimals=2,
        ),
        p.stat(
            "Late answers",
            "job:answer_late:ratio_1h",
            "percentunit",
            "Share of the last hour's answers that took longer than 20 s. One of 100 is allowed over a month.",
            p.steps(0.01, 0.144),
            "AnswerLateFast",
            width=3,
            decimals=2,
        ),
        p.stat(
            "Errors",
            "job:rag_requests_failed:ratio_5m",
            "percentunit",
            "Share of questions that end in an error.",
            p.steps(0.005, 0.02),
            "AnswersFail",
            width=3,
            decimals=2,
        ),
        p.stat(
            "Not in reviews",
            refused,
            "percentunit",
            "Share of questions, over the last hour, to which no review has an answer.",
            p.steps(0.2, 0.4),
            "RefusalsRise",
            width=3,
            decimals=1,
        ),
        p.stat(
            "Questions a second",
            "sum(job:rag_requests:rate5m)",
            "reqps",
            "Questions a second, over five minutes.",
            p.steps(),
            "QueueNeverEmpty",
            decimals=2,
        ),
        p.stat(
            "Tokens said a second",
            "sum(instance:llm_generation_tokens:rate1m)",
            "short",
            "Tokens that all replicas say together, over a minute.",
            p.steps(),
            "NoTokens",
            decimals=1,
        ),
        p.stat(
            "Tokens read a second",
            "sum(instance:llm_prompt_tokens:rate1m)",
            "short",
            "Prompt tokens that all replicas take in together, known ones included, over a minute.",
            p.steps(),
            "PrefixCacheCollapsed",
            decimals=1,
        ),
        p.stat(
            "First word, p50",
            "job:rag_time_to_first_token_seconds:p50_5m",
            "s",
            "Half of all users wait no longer than this for the first piece of their answer.",
            p.steps(1, 2),
            "FirstTokenLateSlow",
        ),
        p.stat(
            "Whole answer, p50",
            "job:rag_request_duration_seconds:p50_5m",
            "s",
            "Half of all answers take no longer than this.",
            p.steps(10, 20),
            "AnswerLateSlow",
        ),
        p.stat(
            "Whole answer, p95",
            "job:rag_request_duration_seconds:p95_5m",
            "s",
            "95 of 100 answers take no longer than this. Promised: 20 s for 99.",
            p.steps(10, 20),
            "AnswerLateFast",
        ),
    ]


def traffic():
    """What is asked, and how it ends."""
    routes = f"sum by (route) (rate(http_requests_total{{{JOB}}}[$__rate_interval])) > 0"
    statuses = f'sum by (status) (rate(http_requests_total{{{JOB},status!~"2.."}}[$__rate_interval]))'
    return [
        p.row("Traffic"),
        p.lines(
            "Questions by outcome",
            [(f"sum by (outcome) (rate(rag_requests_total{{{INSTANCE}}}[$__rate_interval]))", "{{outcome}}")],
            "reqps",
            "Questions a second, by how they ended. `extractive` was answered with quotes alone, `overloaded` not at all.",
            p.steps(),
            "UsersTurnedAway",
            stacked=True,
        ),
        p.lines(
            "HTTP requests by route",
            [(routes, "{{route}}")],
            "reqps",
            "Requests a second; probes and scrapes are not counted. Routes without any are left out.",
            p.steps(),
            stacked=True,
        ),
        p.lines(
            "HTTP requests that failed",
            [(statuses, "{{status}}"), ("job:http_requests_failed:ratio_5m", "share of 5xx")],
            "short",
            "Requests a second by status, successes left out. 4xx is the client's mistake, 429 a full house, 499 a client that left, 5xx ours.",
            p.steps(bad=0.02),
            "HttpRequestsFail",
        ),
    ]


def speed():
    """How fast it is, for a user and in all."""
    tokens = [
        (f"sum(rate(llm_generation_tokens_total{{{MODEL}}}[$__rate_interval]))", "said"),
        (
            f"sum(rate(llm_prompt_tokens_total{{{MODEL}}}[$__rate_interval])) - sum(rate(llm_prompt_tokens_cached_total{{{MODEL}}}[$__rate_interval]))",
            "read",
        ),
        (f"sum(rate(llm_prompt_tokens_cached_total{{{MODEL}}}[$__rate_interval]))", "known already"),
    ]
    http = p.quantiles("http_request_duration_seconds", f'{JOB},route!="/api/chat"', by=(0.5, 0.95))
    return [
        p.row("Speed"),
        p.lines(
            "First word",
            p.quantiles("rag_time_to_first_token_seconds", INSTANCE),
            "s",
            "From the arrival of a question to the first piece of its answer: what a user waits.",
            p.steps(1, 2),
            "FirstTokenLateFast",
            width=6,
            show=True,
        ),
        p.lines(
            "Whole answer",
            p.quantiles("rag_request_duration_seconds", f'{INSTANCE},outcome!="cancelled"'),
            "s",
            "From the arrival of a question to the end of its answer; answers that their readers left are not counted.",
            p.steps(10, 20),
            "AnswerLateFast",
            width=6,
            show=True,
        ),
        p.lines(
            "Tokens per second, all replicas",
            tokens,
            "short",
            "Tokens a second that the chat models say, read, or need not read because they know them.",
            p.steps(),
            "NoTokens",
            width=6,
        ),
        p.lines(
            "Other HTTP requests",
            http,
            "s",
            "Requests for the page and the catalogue, to the end of the response. No chat model is involved.",
            p.steps(0.25, 1),
            "HttpRequestsFail",
            width=6,
            show=True,
        ),
    ]


def room():
    """How much is left of everything that can run out."""
    cores = f"sum by (instance) (rate(process_cpu_seconds_total{{{JOB}}}[$__rate_interval]))"
    return [
        p.row("Room"),
        p.lines(
            "Running and waiting",
            [
                (f"sum(llm_requests_running{{{INSTANCE}}})", "running"),
                (f"sum(llm_requests_waiting{{{INSTANCE}}})", "waiting"),
                (f"sum(llm_requests_waiting_limit{{{INSTANCE}}})", "may wait"),
                (f"sum(rate(llm_requests_rejected_total{{{INSTANCE}}}[$__rate_interval]))", "rejected a second"),
            ],
            "short",
            "Generations that run, that wait for a place, and that found the waiting room full.",
            p.steps(1, 8),
            "QueueNeverEmpty",
            width=6,
        ),
        p.lines(
            "Processor",
            [
                (cores, "{{instance}} uses"),
                (f"cpu_quota_cores{{{INSTANCE}}}", "{{instance}} may use"),
                (f"compute_threads{{{INSTANCE}}}", "{{instance}} threads"),
            ],
            "short",
            "Cores in use, cores that the quota allows, and threads that inference computes with.",
            p.steps(),
            "ThreadsAboveQuota",
            width=6,
        ),
        p.lines(
            "Memory",
            [
                (f"process_resident_memory_bytes{{{JOB}}}", "{{instance}}"),
                (f"gpu_memory_used_bytes{{{INSTANCE}}}", "{{instance}}, GPU"),
            ],
            "bytes",
            "Memory that the process holds: models, index, and the keys and values of texts; where it computes on a GPU, "
            "what is in use there.",
            p.steps(),
            "RecommenderRestarts",
            width=6,
        ),
        p.lines(
            "Open files and requests",
            [
                (f"process_open_fds{{{JOB}}} / process_max_fds", "{{instance}} files"),
                (
                    f"sum by (instance) (http_requests_in_flight{{{JOB}}}) / on (instance) process_max_fds{{{JOB}}}",
                    "{{instance}} requests",
                ),
            ],
            "percentunit",
            "Files and sockets that are open, and requests in flight, as shares of what the process may open.",
            p.steps(0.5, 0.8),
            "FilesNearlyExhausted",
            width=6,
            show=True,
        ),
    ]
