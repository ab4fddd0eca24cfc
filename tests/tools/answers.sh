#!/bin/bash
# The answers to the questions of tests/data/answers, to be read one by one: docs/answers.md over the included reviews,
# and over the reviews in EVAL_DIR, where they are, files in target/answers, because those reviews are not ours.
# SERVER is the binary.
set -euo pipefail

questions=tests/data/answers/questions.jsonl
out=target/answers
mkdir -p "$out"

answers() {
    "$SERVER" eval answers "$questions" --answers "${ANSWERS:-told}" --index-dir "$out/index" "$@"
}

{
    cat <<'END'
# Answers

Made by `make answers`: what the server answers to the questions of `tests/data/answers` about the included reviews,
which are invented. Below each answer stand the kind of its finding, the kind that was expected, and what a right answer
says.

END
    answers
} > "$out/included.md"
[ "${ANSWERS:-told}" != told ] || cp "$out/included.md" docs/answers.md
if [ -e "$EVAL_DIR/data/flipkart_product_review.csv" ]; then
    answers --shop flipkart450 --data "$EVAL_DIR/data/flipkart_product_review.csv" > "$out/flipkart450.md"
fi
if [ -e "$EVAL_DIR/data/flipkart_reviews_205k.csv.zst" ]; then
    answers --shop large --data "$EVAL_DIR/data/flipkart_reviews_205k.csv.zst" \
        --development "$EVAL_DIR/eval/shop205k/questions.jsonl" > "$out/large.md"
fi
