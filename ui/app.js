// Owns the wiring: the parts of the page are made and told of each other, and addresses lead to views.

import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { button, make } from "./dom.js";
import { History } from "./history.js";
import { announce } from "./live.js";
import { Readiness } from "./readiness.js";
import { go, here, rename } from "./router.js";
import { Store } from "./store.js";
import { FALLBACK_EXAMPLES, SAY, stockWords } from "./words.js";

const $ = (id) => document.getElementById(id);

const store = await Store.open();
const composer = new Composer({ onAsk: (text, about) => chat.ask(text, about), onStop: () => chat.stop() });
const history = new History(store, (id) => id === chat.id && startAnew());
const chat = new Chat({ composer, onChange: keep, onLost: () => readiness.wait() });
const readiness = new Readiness({
  onChange: (ready) => composer.show({ ready }),
  onInfo: (facts) => {
    $("stock").textContent = stockWords(facts);
    if (facts.examples?.length > 0) showExamples(facts.examples);
  },
});

// ---- conversations ---------------------------------------------------------------------------------------------

async function keep(conversation) {
  // The address names the conversation from its first question on, so that a reload finds it.
  if (conversation.id === chat.id && here()[0] !== "c" && $("view-chat").hidden === false) rename("c", conversation.id);
  await store.save(conversation);
  history.show(chat.id);
}

function startAnew() {
  if (here().length > 0) go();
  else showView();
}

function showExamples(examples) {
  const choose = (text) => () => {
    chat.ask(text);
    if (!composer.isFree) composer.focus();
  };
  $("examples").replaceChildren(...examples.map((text) => make("li", "", button("example", text, choose(text)))));
}

// ---- views -----------------------------------------------------------------------------------------------------

function showView() {
  const [view, ...parts] = here();
  const id = view === "c" ? parts[0] : null;
  if (id !== chat.id) {
    const kept = id && store.find(id);
    chat.open(kept || undefined);
    if (!kept) announce(SAY.newConversation);
    if (id && !kept) rename();
  }
  history.show(chat.id);
  composer.focus();
}

// ---- keys and buttons ------------------------------------------------------------------------------------------

$("new").addEventListener("click", () => {
  startAnew();
  composer.focus();
});
document.addEventListener("keydown", (event) => {
  const isOpen = document.querySelector("dialog[open], [popover]:popover-open");
  if (event.key === "Escape" && !isOpen) chat.stop();
  const typing = event.target.matches("input, textarea, select");
  if (event.key === "/" && !typing && !isOpen && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    $("question").focus({ preventScroll: true });
  }
});
addEventListener("hashchange", showView);

showExamples(FALLBACK_EXAMPLES);
readiness.wait();
showView();
