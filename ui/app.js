// Owns the wiring: keys and buttons in, questions to the server, its events to the turn on the page.

import { Conversation } from "./conversation.js";
import { button, make, scrollBehavior } from "./dom.js";
import { TurnView } from "./render.js";
import { info, untilReady } from "./server.js";
import { chat, ChatError } from "./stream.js";
import {
  evidenceWords, failureWords, FALLBACK_EXAMPLES, phaseFigures, phaseWords, prefillWords, queueWords, stockWords,
} from "./words.js";

const $ = (id) => document.getElementById(id);
const [form, question, send, stop] = ["form", "question", "send", "stop"].map($);

const touch = matchMedia("(pointer: coarse)");

const conversation = new Conversation();
let ready = false;
/** The AbortController of the answer being written, or null. */
let running = null;
let lastView = null;

// ---- asking ----------------------------------------------------------------------------------------------------

function submit() {
  const text = question.value.trim();
  if (text === "" || !ready || running) return;
  question.value = "";
  fitQuestion();
  if (touch.matches) question.blur();
  ask(text);
}

function ask(text) {
  const turn = conversation.ask(text);
  const view = new TurnView(text);
  lastView?.settle();
  lastView = view;
  $("welcome").hidden = true;
  $("turns").append(view.element);
  view.element.scrollIntoView({ block: "start", behavior: scrollBehavior() });
  answer(turn, view);
}

async function answer(turn, view) {
  const control = new AbortController();
  running = control;
  showControls();
  view.start("Looking through the reviews");
  announce("Looking through the reviews.");
  try {
    const final = await follow(chat(conversation.messagesFor(turn), control.signal), view);
    settle(final, turn, view);
  } catch (error) {
    if (!view.element.isConnected) return;
    if (control.signal.aborted) halted("You stopped this answer.", turn, view);
    else failed(error, turn, view);
  } finally {
    // A new conversation may have begun another answer in the meantime.
    if (running === control) running = null;
    showControls();
  }
}

/** Shows the events as they come and returns the final one. Events this page does not know are passed over. */
async function follow(stream, view) {
  let final = null;
  for await (const { event, data } of stream) {
    if (event === "queue") view.busy(queueWords(data));
    if (event === "evidence") {
      view.evidence(data.items);
      view.busy("Reading what buyers wrote");
      if (data.items.length > 0) announce(`Found ${evidenceWords(data.items.length)}. Writing the answer.`);
    }
    if (event === "progress") view.busy(prefillWords(data), data.processed, data.prompt_tokens);
    if (event === "token") view.token(data.text);
    if (event === "citation" && data.verdict === "unsupported") view.leftOut(data.sentence);
    if (event === "final") final = data;
  }
  if (final) return final;
  throw new ChatError("network", { message: "The stream ended before the answer did." });
}

function settle(final, turn, view) {
  if (final.outcome === "cancelled") return halted("The server stopped this answer.", turn, view);
  if (final.outcome === "error") return failed(new ChatError("server", { message: final.text }), turn, view);
  turn.answer = final.text;
  view.finish(final);
  announce(`Answer: ${final.text}`);
}

function halted(text, turn, view) {
  view.stopped(text, waysOn("Ask again", turn, view));
  announce(text);
}

function failed(error, turn, view) {
  if (!(error instanceof ChatError)) console.error(error);
  view.failed(failureWords(error), waysOn("Try again", turn, view));
  if (error.kind === "network" || error.status === 503) getReady();
}

/** What a visitor can do with a question that got no full answer. */
function waysOn(label, turn, view) {
  const again = () => {
    if (running) return;
    answer(turn, view);
    stop.focus({ preventScroll: true });
  };
  const edit = () => {
    if (running) return;
    conversation.withdraw(turn);
    view.element.remove();
    lastView = null;
    question.value = turn.question;
    fitQuestion();
    showControls();
    question.focus({ preventScroll: true });
  };
  return [[label, again], ["Edit question", edit]];
}

function startAnew() {
  running?.abort();
  running = null;
  lastView = null;
  conversation.clear();
  $("turns").replaceChildren();
  showControls();
  announce("New conversation.");
  question.focus({ preventScroll: true });
}

// ---- the server's state ----------------------------------------------------------------------------------------

let gettingReady = false;

async function getReady() {
  if (gettingReady) return;
  gettingReady = true;
  let said = null;
  await untilReady((phase) => {
    ready = false;
    showPhase(phase);
    // Figures change every second; a screen reader hears only the phase.
    const name = phaseWords(phase).replace(/[\d/\s]+$/, "");
    if (name !== said) announce(name);
    said = name;
  });
  gettingReady = false;
  ready = true;
  if (said !== null) announce("Ready for questions.");
  showControls();
  showInfo(await info());
}

function showPhase(phase) {
  const figures = phaseFigures(phase);
  $("phase").textContent = phaseWords(phase);
  $("phase-bar").hidden = figures === null;
  if (figures) Object.assign($("phase-bar"), { max: figures.total, value: figures.done });
  showControls();
}

function showInfo(facts) {
  $("stock").textContent = stockWords(facts);
  if (facts.examples?.length > 0) showExamples(facts.examples);
}

function showExamples(examples) {
  const choose = (text) => () => {
    if (ready && !running) return ask(text);
    question.value = text;
    fitQuestion();
    question.focus({ preventScroll: true });
  };
  $("examples").replaceChildren(...examples.map((text) => make("li", "", button("example", text, choose(text)))));
}

// ---- the page's state ------------------------------------------------------------------------------------------

function showControls() {
  const busy = running !== null;
  const focused = document.activeElement;
  send.hidden = busy;
  stop.hidden = !busy;
  send.disabled = !ready || question.value.trim() === "";
  $("new").disabled = conversation.isEmpty;
  $("welcome").hidden = !conversation.isEmpty;
  $("getting-ready").hidden = ready || $("phase").textContent === "";
  // A button that vanished under the focus hands it on, so that the keyboard is never lost.
  if (focused === send && send.hidden) stop.focus();
  else if ((focused === stop && stop.hidden) || (focused === send && send.disabled)) focusQuestion();
}

/** Said once by screen readers. Not used for single words: an answer is announced when it is whole. */
function announce(text) {
  $("live").textContent = text;
}

/**
 * Ready to type, except on a touch screen: its keyboard would cover the page. The box is in view already, so nothing
 * may scroll (a browser would scroll to where a sticky element would be without sticking).
 */
function focusQuestion() {
  if (!touch.matches) question.focus({ preventScroll: true });
}

/** The box grows with its text; the style sheet limits how far. */
function fitQuestion() {
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight}px`;
}

// ---- keys and buttons ------------------------------------------------------------------------------------------

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
question.addEventListener("input", () => {
  fitQuestion();
  showControls();
});
question.addEventListener("keydown", (event) => {
  // While an input method composes, Enter picks a word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
// The second click of a double click on Ask lands on Stop and is not meant.
stop.addEventListener("click", (event) => event.detail < 2 && running?.abort());
$("new").addEventListener("click", startAnew);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") running?.abort();
  const typing = event.target.matches("input, textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    question.focus({ preventScroll: true });
  }
});
// The style sheet keeps what is scrolled to clear of the box at the bottom.
new ResizeObserver(([{ target }]) => {
  document.documentElement.style.setProperty("--composer", `${target.offsetHeight}px`);
}).observe($("composer"));

showExamples(FALLBACK_EXAMPLES);
getReady();
focusQuestion();
