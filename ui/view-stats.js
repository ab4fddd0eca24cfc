// The server's live statistics, for shops without a dashboard. Requested every two seconds while the view is open.

import { lines, shares } from "./charts.js";
import { make } from "./dom.js";
import { json } from "./requests.js";
import { amountWords, STATISTICS, rateWords, secondsWords, shareWords, sizeWords, uptimeWords } from "./words-statistics.js";

const POLL_MS = 2000;
/** The line charts show two minutes. */
const MOST_SAMPLES = 60;

export async function show(place) {
  const samples = [];
  let now = await json("/api/stats");
  const title = make("h2", "view-title", STATISTICS.title);
  const board = make("div", "product-parts");
  place.replaceChildren(title, board);
  while (place.isConnected) {
    samples.push({ at: performance.now() / 1000, stats: now });
    if (samples.length > MOST_SAMPLES) samples.shift();
    board.replaceChildren(...panels(now, samples));
    await new Promise((later) => setTimeout(later, POLL_MS));
    if (place.isConnected && !document.hidden) now = await json("/api/stats");
  }
}

function panels(stats, samples) {
  const { speed, latency, queue, questions, cache, grounding, feedback, index, server } = stats;
  return [
    panel(STATISTICS.speed, lines(rates(samples, (each) => each.speed.generated_tokens), rateWords), facts([
      [STATISTICS.decode, rateWords(speed.decode_tokens_per_second.p50)],
      [STATISTICS.prefill, rateWords(speed.prefill_tokens_per_second.p50)],
      [STATISTICS.written, amountWords(speed.generated_tokens)],
    ])),
    panel(STATISTICS.queue, lines(samples.map(({ stats: each }) => each.queue.running + each.queue.waiting), amountWords), facts([
      [STATISTICS.running, amountWords(queue.running)],
      [STATISTICS.waiting, amountWords(queue.waiting)],
      [STATISTICS.rejected, amountWords(queue.rejected)],
    ])),
    panel(STATISTICS.questions, shares(Object.entries(questions).map(([name, amount]) => [STATISTICS.outcomes[name] ?? name, amount]))),
    panel(STATISTICS.latency, percentiles(latency)),
    panel(STATISTICS.grounding, shares(["supported", "unsupported", "none"].map((name) => [STATISTICS.verdicts[name], grounding[name]])), facts([
      [STATISTICS.grounded, shareWords(grounding.ratio.mean)],
      [STATISTICS.thumbs, `${amountWords(feedback.up)} / ${amountWords(feedback.down)}`],
    ])),
    panel(STATISTICS.cache, facts([
      [STATISTICS.prefix, shareWords(cache.prefix_queries > 0 ? cache.prefix_hits / cache.prefix_queries : null)],
      [STATISTICS.lookup, shareWords(cache.lookup_drafted > 0 ? cache.lookup_accepted / cache.lookup_drafted : null)],
      [STATISTICS.memory, `${sizeWords(cache.kv_bytes)} / ${sizeWords(cache.kv_capacity_bytes)}`],
    ])),
    panel(STATISTICS.index, facts([
      [STATISTICS.reviews, amountWords(index.reviews)],
      [STATISTICS.products, amountWords(index.products)],
      [STATISTICS.passages, amountWords(index.passages)],
      [STATISTICS.recall, shareWords(index.recall)],
    ])),
    panel(STATISTICS.server, facts([
      [STATISTICS.status, stats.status],
      [STATISTICS.uptime, uptimeWords(stats.uptime_seconds)],
      [STATISTICS.version, server.version],
      [STATISTICS.device, [server.device, `${server.threads} threads`].filter(Boolean).join(", ")],
      ...server.models.map(({ role, name, sha256 }) => [`${role} model`, [name, sha256?.slice(0, 12)].filter(Boolean).join(", ")]),
    ])),
  ];
}

/** The growth per second between consecutive samples. */
function rates(samples, of) {
  return samples.slice(1).map((sample, place) => {
    const before = samples[place];
    return Math.max(0, (of(sample.stats) - of(before.stats)) / (sample.at - before.at));
  });
}

function percentiles(latency) {
  const cells = (tag, texts) => texts.map((text) => make(tag, "", text));
  const rows = Object.entries(latency).map(([name, { count, p50, p90, p99 }]) => {
    const head = Object.assign(make("th", "", STATISTICS.stages[name] ?? name), { scope: "row" });
    return make("tr", "", head, ...cells("td", [amountWords(count), ...[p50, p90, p99].map(secondsWords)]));
  });
  const heads = cells("th", ["", STATISTICS.times, "p50", "p90", "p99"]);
  heads.splice(0, 1, make("td", ""));
  return make("table", "figures", make("caption", "unseen", STATISTICS.latency), make("thead", "", make("tr", "", ...heads)), make("tbody", "", ...rows));
}

function facts(pairs) {
  return make("dl", "facts", ...pairs.map(([name, figure]) => make("div", "", make("dt", "", name), make("dd", "", figure))));
}

function panel(title, ...content) {
  return make("section", "panel", make("h3", "", title), ...content);
}
