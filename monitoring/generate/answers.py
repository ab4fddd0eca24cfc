"""*Answers*: are they right? Outcomes, what the reviews bear out, what retrieval finds, and which reviews those are."""

import panels as p
from page import INSTANCE, JOB, dashboard as page


def dashboard(links):
    """The dashboard `recommender-answers`."""
    return page(
        "recommender-answers",
        "Recommender: answers",
        "Are the answers right? What the reviews bear out, what retrieval finds, and which reviews are served.",
        truth() + finding() + reviews(),
        links,
    )


def share(metric, label, value, window="$__rate_interval"):
    """The share of one label's value in a counter."""
    part = f'sum(rate({metric}{{{INSTANCE},{label}="{value}"}}[{window}]))'
    return f"{part} / sum(rate({metric}{{{INSTANCE}}}[{window}]))"


def truth():
    """What answers are made of."""
    outcomes = f"sum by (outcome) (increase(rag_requests_total{{{INSTANCE}}}[$__rate_interval]))"
    verdicts = f"sum by (verdict) (rate(answer_citations_total{{{INSTANCE}}}[$__rate_interval]))"
    mean = f"sum(rate(answer_groundedness_ratio_sum{{{INSTANCE}}}[$__rate_interval])) / sum(rate(answer_groundedness_ratio_count{{{INSTANCE}}}[$__rate_interval]))"
    return [
        p.row("What answers are made of"),
        p.lines(
            "Outcomes",
            [(outcomes, "{{outcome}}")],
            "short",
            "Questions by how they ended. `answered`: the model's own words stood. `extractive`: quotes alone.",
            p.steps(),
            "RequestsRejected",
            stacked=True,
        ),
        p.lines(
            "Claims that the reviews bear out",
            [
                (mean, "now"),
                ("job:answer_groundedness:mean_1h", "over an hour"),
                ("job:answer_groundedness:mean_1d", "over a day"),
            ],
            "percentunit",
            "Mean share of the model's claims that a quote supports. The other claims are not said.",
            p.steps(0.3, 0.15, falling=True),
            "GroundednessDropped",
            most=1,
        ),
        p.lines(
            "Sentences by verdict",
            [(verdicts, "{{verdict}}")],
            "ops",
            "Sentences checked a second: `supported` are said with their source, `unsupported` are not said, `none` claim nothing.",
            p.steps(),
            "GroundednessDropped",
            stacked=True,
        ),
        p.lines(
            "What readers say",
            [(f"sum by (verdict) (increase(answer_feedback_total{{{INSTANCE}}}[1h]))", "{{verdict}}")],
            "short",
            "Thumbs up and down in an hour.",
            p.steps(),
            "GroundednessDropped",
        ),
        p.heatmap(
            "Claims borne out, distribution",
            "answer_groundedness_ratio",
            INSTANCE,
            "percentunit",
            "How many answers had which share of their claims borne out.",
            "GroundednessDropped",
        ),
        p.lines(
            "No answer in the reviews",
            [
                (share("rag_requests_total", "outcome", "no_evidence"), "now"),
                ("job:rag_requests_refused:ratio_30m", "over 30 minutes"),
                ("job:rag_requests_refused:ratio_1d", "over a day"),
            ],
            "percentunit",
            "Share of questions to which no review has an answer.",
            p.steps(0.2, 0.4),
            "RefusalsRise",
            most=1,
        ),
    ]


def finding():
    """What retrieval finds, and how fast."""
    by_stage = f"histogram_quantile(0.95, sum by (le, stage) (rate(retrieval_duration_seconds_bucket{{{INSTANCE}}}[$__rate_interval])))"
    recall = f"retrieval_recall_ratio{{{INSTANCE}}}"
    # Up to 10,000 passages all of them are read: nothing is missed, and the server states no figure.
    exact = f"(index_passages{{{INSTANCE}}} <= bool 10000)"
    return [
        p.row("What is found"),
        p.lines(
            "Retrieval by stage, p95",
            [(by_stage, "{{stage}}")],
            "s",
            "Embedding the question, searching by meaning, searching by words, and choosing among both.",
            p.steps(0.05, 0.25),
            "FirstTokenLateFast",
        ),
        p.heatmap(
            "Score of the best passage, distribution",
            "retrieval_top_score",
            INSTANCE,
            "short",
            "Cosine similarity of question and best passage. Questions below the floor get no answer.",
            "RefusalsRise",
        ),
        p.lines(
            "Nearest passages found",
            [(f"{recall} or on (instance) {exact}", "{{instance}}")],
            "percentunit",
            "Share of the nearest passages that a search finds, measured on some of the searches; up to 10,000 passages all are read, and it is 1.",
            p.steps(0.98, 0.95, falling=True),
            "RecallLow",
            most=1,
        ),
    ]


def reviews():
    """Which reviews are served."""
    dropped = f"sum by (reason) (index_rows_dropped_total{{{INSTANCE}}})"
    fingerprint = f'label_replace(index_info{{{INSTANCE}}} == 1, "short", "$1", "fingerprint", "(.{{12}}).*")'
    reloads = f"sum by (outcome) (increase(index_reloads_total{{{INSTANCE}}}[1h]))"
    return [
        p.row("Which reviews those are"),
        p.stat(
            "Reviews",
            f"max(index_reviews{{{INSTANCE}}})",
            "short",
            "Reviews that can be searched.",
            p.steps(1, 1, falling=True),
            "RefusalsRise",
            width=3,
        ),
        p.stat(
            "Products",
            f"max(index_products{{{INSTANCE}}})",
            "short",
            "Products that have reviews.",
            p.steps(1, 1, falling=True),
            "RefusalsRise",
            width=3,
        ),
        p.stat(
            "Passages",
            f"max(index_passages{{{INSTANCE}}})",
            "short",
            "Passages that reviews were cut into.",
            p.steps(1, 1, falling=True),
            "RecallLow",
            width=3,
        ),
        p.stat(
            "Read",
            f"max(time() - index_built_timestamp_seconds{{{INSTANCE}}})",
            "s",
            "How long ago the reviews were read.",
            p.steps(7 * 86400, 30 * 86400),
            "IndexOld",
            width=3,
        ),
        p.stat(
            "Time to build",
            f"max(index_build_seconds{{{INSTANCE}}})",
            "s",
            "How long the index took to build, or to read from its snapshot.",
            p.steps(60, 600),
            "RecommenderNotReady",
            width=3,
        ),
        p.stat(
            "Models",
            f"model_info{{{INSTANCE}}}",
            "short",
            "The models that are loaded.",
            p.steps(),
            "RecommenderNotReady",
            legend="{{role}}: {{name}}",
            width=5,
        ),
        p.stat(
            "Index",
            fingerprint,
            "short",
            "The beginning of the index' fingerprint; two replicas with two of them answer differently.",
            p.steps(),
            "ReloadFails",
            legend="{{short}}",
            width=4,
        ),
        p.lines(
            "Rows left out",
            [(dropped, "{{reason}}")],
            "short",
            "Rows of the reviews' file that were left out since the start, by reason. Duplicates are no fault.",
            p.steps(1, 100),
            "RowsDropped",
            width=12,
        ),
        p.lines(
            "Reloads",
            [(reloads, "{{outcome}}")],
            "short",
            "Times in an hour that the reviews were read again, by what came of it.",
            p.steps(bad=1),
            "ReloadFails",
            width=12,
        ),
    ]
