// The entry point: creates the parts of the page, connects them, and opens the view for the address.

import { showBasket } from "./basket.js";
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { button, make } from "./dom.js";
import { History } from "./history.js";
import { laterStyle } from "./later.js";
import { announce } from "./live.js";
import { Readiness } from "./readiness.js";
import { RequestError } from "./requests.js";
import { go, here, link, rename } from "./router.js";
import { bindInspector } from "./settings.js";
import { Store } from "./store.js";
import { failureWords, FALLBACK_EXAMPLES, SAY, stockWords } from "./words.js";

const $ = (id) => document.getElementById(id);

/** Opens the view again that was opened before the catalogue was ready. */
let showAgain = null;
const store = await Store.open();
const composer = new Composer({ onAsk: (text, about) => chat.ask(text, about), onStop: () => chat.stop() });
const history = new History(store, (id) => id === chat.id && startAnew());
const chat = new Chat({ composer, onChange: keep, onLost: () => readiness.wait(), onAsk: askAbout });
const readiness = new Readiness({
  onChange: (ready) => composer.show({ ready }),
  onInfo: (facts) => {
    showAgain?.();
    showAgain = null;
    $("stock").textContent = stockWords(facts);
    if (facts.examples?.length > 0) showExamples(facts.examples);
  },
});

// ---- conversations ---------------------------------------------------------------------------------------------

async function keep(conversation) {
  // From the first question on, the address contains the conversation's id, so that a reload finds it.
  if (conversation.id === chat.id && here()[0] !== "c" && !$("view-chat").hidden) rename("c", conversation.id);
  if (conversation.id === chat.id) $("tab-chat").href = link("c", conversation.id);
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

/** Each view is loaded when it is first opened, to keep the first load small. */
const VIEWS = {
  browse: () => import("./view-browse.js"),
  product: () => import("./view-product.js"),
  compare: () => import("./view-compare.js"),
  stats: () => import("./view-stats.js"),
};

function showView() {
  const [view, ...parts] = here();
  const isChat = !(view in VIEWS);
  $("view-chat").hidden = !isChat;
  $("composer").hidden = !isChat;
  $("view-other").hidden = isChat;
  for (const tab of $("tabs").querySelectorAll("a")) {
    const isHere = tab.dataset.view === (isChat ? "chat" : view);
    if (isHere) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  showBasket(view !== "compare" && view !== "stats");
  history.show(chat.id);
  if (isChat) showChat(view === "c" ? parts[0] : null);
  else showOther(view, parts);
}

function showChat(id) {
  $("view-other").replaceChildren();
  if (id === null ? !chat.isEmpty : id !== chat.id) {
    const kept = id && store.find(id);
    chat.open(kept || undefined);
    if (!kept) announce(SAY.newConversation);
    if (id && !kept) rename();
  }
  $("tab-chat").href = chat.isEmpty ? link() : link("c", chat.id);
  history.show(chat.id);
  composer.focus();
}

async function showOther(view, parts) {
  // If the visitor leaves before the view has loaded, its place is no longer in the document.
  const place = make("div", "");
  $("view-other").replaceChildren(place);
  scrollTo(0, 0);
  try {
    const [{ show }] = await Promise.all([VIEWS[view](), laterStyle()]);
    await show(place, parts, { onAsk: askAbout, ask });
  } catch (error) {
    if (!(error instanceof RequestError)) console.error(error);
    const failure = make("p", "failure", failureWords(error));
    failure.setAttribute("role", "alert");
    // The server is still starting, and the catalogue is not ready yet.
    if (error.status === 503) {
      showAgain = () => place.isConnected && showView();
      readiness.wait();
    }
    place.replaceChildren(failure, make("div", "actions", button("action is-main", SAY.tryAgain, showView)));
  }
}

/** Opens the question box with the question limited to one product. */
function askAbout(product) {
  composer.limitTo([product]);
  toChat();
  $("question").focus({ preventScroll: true });
}

function ask(text, about) {
  toChat();
  chat.ask(text, about);
}

function toChat() {
  if ($("view-chat").hidden) go(...(chat.isEmpty ? [] : ["c", chat.id]));
  // The address changes now but its event fires later. The caller needs the view now.
  showView();
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
    if ($("view-chat").hidden) toChat();
    $("question").focus({ preventScroll: true });
  }
});
addEventListener("hashchange", showView);

bindInspector($("inspect"));
showExamples(FALLBACK_EXAMPLES);
readiness.wait();
showView();
