// The texts of the page: turns numbers, outcomes and errors into sentences. Pure functions, no DOM.

const number = new Intl.NumberFormat("en");

/** Fixed texts. */
export const SAY = {
  looking: "Looking through the reviews…",
  reading: "Reading what buyers wrote…",
  readingPrompt: "Reading the question and the quotes",
  writing: "Writing the answer…",
  answer: "Answer:",
  leftOut: "Left out:",
  ready: "Ready for questions.",
  newConversation: "New conversation.",
  youStopped: "You stopped this answer.",
  serverStopped: "The server stopped this answer.",
  keptStopped: "This answer was stopped.",
  keptFailed: "This question got no answer.",
  ask: "Ask",
  askAgain: "Ask again",
  tryAgain: "Try again",
  edit: "Edit question",
  editing: "Asking this again replaces the answer and everything after it.",
  only: "Only about",
  noLonger: "Remove the limit to",
  cancel: "Cancel",
  wholeReview: "Whole review",
  whereCited: "Where the answer cites it",
  loading: "Loading…",
  close: "Close",
  copy: "Copy answer",
  copied: "Copied.",
  notCopied: "The browser does not allow copying here. Select the text and copy it by hand.",
  rename: "Rename",
  newName: "New name of the conversation",
  remove: "Delete",
  removed: "Conversation deleted.",
  undo: "Undo",
  nonePast: "What you ask is kept here, in this browser only.",
  noneFound: "No conversation contains these words.",
  notKept: "This browser does not store data. Conversations are lost when you close the page.",
  notTakenIn: "This file could not be read. Choose a file that this page saved.",
  browse: "All products",
  more: "Show more",
  askAbout: "Ask about this",
  compare: "Compare",
  inCompare: "In comparison",
  dropCompare: "Remove from the comparison",
  compareFull: "You can compare at most four products.",
  compareFew: "Choose two to four products with their Compare buttons, then open the comparison again.",
  compareHow: "For each aspect: how many buyers write about it and the stars they give, and how many of them clearly praise it or complain.",
  comparison: "Comparison",
  price: "Price",
  unknown: "Unknown",
  silent: "No review mentions it.",
  ratings: "Ratings",
  praised: "Praised:",
  complained: "Complaints:",
  aspects: "Aspects in the reviews",
  noAspects: "No aspect is clearly praised or complained about.",
  bestQuotes: "Most informative praise",
  worstQuotes: "Most informative complaints",
  next: "Ask next",
  products: "Products",
  filterWords: "Words in the name",
  filterCategory: "Category",
  filterStars: "Average rating",
  filterPrice: "Price up to",
  sort: "Sort by",
  anyCategory: "All",
  anyStars: "Any",
  orders: {
    rating: "Best rated",
    reviews: "Most reviewed",
    cheap: "Price: low to high",
    expensive: "Price: high to low",
    title: "Name",
  },
  verdicts: { up: "Good answer", down: "Bad answer" },
  why: "Why? (optional)",
  give: "Send",
  thanks: "Thank you. Your feedback was counted.",
  trace: "Why this answer",
  nothing: "–",
  keyTitle: "This server requires an API key",
  keyWhy: "Ask the administrator of this server for a key. The page keeps the key until you close this tab.",
  keyWrong: "The server does not know this key. Check it for typing errors, or ask the administrator of the server.",
  keyLabel: "API key",
  keyGive: "Use this key",
};

/** Example questions, shown until the server provides its own. */
export const FALLBACK_EXAMPLES = [
  "Which headset has the best battery?",
  "What do buyers complain about with mixer grinders?",
  "Which running shoes are the most comfortable?",
  "How quickly does the kettle boil water?",
];

export function phaseWords(phase) {
  if (phase === null) return "The server cannot be reached. Trying again…";
  if (phase === "draining") return "The server is shutting down.";
  return `Getting ready: ${phase}`;
}

/** "embedding 1200/20000" → {done, total}; null for a phase without numbers. */
export function phaseFigures(phase) {
  const match = /(\d+)\s*\/\s*(\d+)/.exec(phase ?? "");
  return match && Number(match[2]) > 0 ? { done: Number(match[1]), total: Number(match[2]) } : null;
}

export function stockWords({ reviews, products }) {
  return [count(reviews, "review"), count(products, "product")].filter(Boolean).join(" · ");
}

function count(amount, noun) {
  if (!Number.isFinite(amount)) return "";
  return `${number.format(amount)} ${noun}${amount === 1 ? "" : "s"}`;
}

export function queueWords({ position, eta_seconds: eta }) {
  const place = position > 0 ? `Waiting in line, ${position} ahead of you` : "Next in line";
  return Number.isFinite(eta) && eta > 0 ? `${place}, about ${Math.ceil(eta)} s` : place;
}

export function prefillWords({ processed, prompt_tokens: total }) {
  return `Reading ${processed} of ${total} tokens`;
}

export function evidenceWords(amount) {
  return amount === 1 ? "1 quote from the reviews" : `${amount} quotes from the reviews`;
}

export function starWords(rating) {
  return Number.isFinite(rating) ? `${Math.round(rating * 10) / 10} of 5 stars` : "No rating";
}

/** The short name of a product: its title up to the first comma, bracket, bar or "with". */
export function shortTitle(title) {
  return title.split(/[,(|]|\swith\s/)[0].trim() || title;
}

export function meanWords(mean, reviews) {
  return reviews > 0 ? `${mean.toFixed(1)} from ${count(reviews, "review")}` : "No reviews";
}

export function priceWords({ price, currency }) {
  if (!Number.isFinite(price)) return "";
  const digits = Number.isInteger(price) ? 0 : 2;
  const form = { style: "currency", currency: currency ?? "INR", currencyDisplay: "narrowSymbol", minimumFractionDigits: digits };
  return new Intl.NumberFormat("en", { ...form, maximumFractionDigits: digits }).format(price);
}

export function productsWords(found, all) {
  return found === all ? count(all, "product") : `${number.format(found)} of ${count(all, "product")}`;
}

export function productsTitle(areRecommended) {
  return areRecommended ? "Products that fit" : "Products in this answer";
}

export function basketWords(amount) {
  return amount < 2 ? "Choose one more to compare" : `Compare ${amount} products`;
}

export function aspectQuestion(aspect, title) {
  return `What do buyers say about the ${aspect} of the ${shortTitle(title)}?`;
}

export function complaintQuestion(title) {
  return `What do people complain about in the ${shortTitle(title)}?`;
}

/** How many write about an aspect, with what stars, and how many of them clearly judge it. */
export function judgedWords({ reviews, mean_rating: mean, praised, complained }) {
  const write = `${reviews === 1 ? "1 buyer writes" : `${reviews} buyers write`} about it, giving ${mean.toFixed(1)} stars`;
  const clear = [praised > 0 ? `${praised} clearly ${praised === 1 ? "praises" : "praise"} it` : "", complained > 0 ? `${complained} clearly ${complained === 1 ? "complains" : "complain"}` : ""];
  const said = clear.filter(Boolean).join(", ");
  return `${write}. ${said ? `${said}.` : "None says clearly how it is."}`;
}

/** One bar of a histogram. */
export function barWords(rating, amount) {
  return `${count(amount, "buyer")} gave ${rating} of 5 stars`;
}

export function reviewWords(id) {
  return `Review ${id}`;
}

/** A note on how the answer was made; empty for an ordinary answer. */
export function outcomeWords({ outcome }) {
  if (outcome === "extractive") return "The language model could not write this answer, so it was put together by rule.";
  if (outcome === "no_evidence") return "No review answers this question well enough.";
  return "";
}

/** The label of the list of sentences that no review supports. */
export function leftOutWords(amount) {
  const [sentences, them] = amount === 1 ? ["1 sentence", "it"] : [`${amount} sentences`, "them"];
  return `${sentences} of the language model left out, because no review supports ${them}. Show ${them}`;
}

/** "first word 1.2 s · 34 tokens/s · 520 tokens of context"; unknown values are left out. */
export function timingWords({ timings, usage }) {
  const { ttft_ms: first, predicted_n: written, predicted_per_second: speed, retrieval_ms: search } = timings ?? {};
  const parts = [];
  if (written > 0 && first > 0) parts.push(`first word ${duration(first)}`);
  if (written > 0 && speed > 0) parts.push(`${speed < 10 ? speed.toFixed(1) : Math.round(speed)} tokens/s`);
  if (usage?.total_tokens > 0) parts.push(`${number.format(usage.total_tokens)} tokens of context`);
  if (parts.length === 0 && search > 0) parts.push(`found in ${duration(search)}`);
  return parts.join(" · ");
}

/** The quotes that the answer cites, one per line, for the clipboard. */
export function sourceWords({ evidence, final }) {
  const cited = evidence.filter((item) => final?.evidence_ids?.includes(item.id));
  return cited.map((item) => `[${item.id}] “${item.quote}” (${item.product_title}, ${starWords(item.rating)})`).join("\n");
}

export function takenInWords(amount) {
  return amount === 1 ? "1 conversation was read from the file." : `${number.format(amount)} conversations were read from the file.`;
}

/** The heading for a day in the list of conversations. */
export function dayWords(moment) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(moment).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days < 7) return "This week";
  return new Date(moment).toLocaleDateString("en", { month: "long", year: "numeric" });
}

export function duration(ms) {
  return ms < 995 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function failureWords(error) {
  if (error.kind === "network") return "The connection to the server was lost. Check that it is running, then try again.";
  if (error.status === 401) return "This server requires an API key. Try again to enter one.";
  if (error.status === 429) {
    const wait = error.retryAfter ? `Try again in ${error.retryAfter} s.` : "Try again in a moment.";
    return `The assistant is busy with other questions. ${wait}`;
  }
  if (error.status === 503) return "The assistant is not ready to answer right now. Try again in a moment.";
  if (error.status === 413 || error.code === "context_length_exceeded") {
    return `${sentence(error.message) || "This is too long for the assistant."} A new conversation also makes it shorter.`;
  }
  return sentence(error.message) || `The server answered with an error${error.status ? ` (${error.status})` : ""}.`;
}

function sentence(text) {
  const trimmed = (text ?? "").trim();
  return trimmed === "" || /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
