// The visitor's feedback on an answer: a thumb up or down, and an optional comment.

import { button, make } from "./dom.js";
import { icon } from "./icons.js";
import { notice } from "./live.js";
import { request, RequestError } from "./requests.js";
import { failureWords, SAY } from "./words.js";

/** The server's limits. */
const MOST_EVIDENCE = 16;
const MOST_CHARS = 500;

/** Two thumb buttons for `turn`. The comment form opens in `place`. `onGiven()` is called after sending. */
export function thumbs(turn, place, onGiven) {
  const both = ["up", "down"].map((verdict) => {
    const thumb = button("tool is-bare", icon(verdict), () => openForm(verdict));
    thumb.setAttribute("aria-label", SAY.verdicts[verdict]);
    thumb.title = SAY.verdicts[verdict];
    thumb.dataset.verdict = verdict;
    return thumb;
  });
  const show = () => {
    for (const thumb of both) {
      thumb.setAttribute("aria-pressed", String(turn.verdict === thumb.dataset.verdict));
      thumb.disabled = turn.verdict !== null;
    }
  };
  const openForm = (verdict) => {
    const word = make("input", "field");
    Object.assign(word, { maxLength: MOST_CHARS, placeholder: SAY.why });
    word.setAttribute("aria-label", SAY.why);
    const give = make("button", "action is-main", SAY.give);
    const form = make("form", "feedback", word, give, button("action", SAY.cancel, () => place.replaceChildren()));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      give.disabled = true;
      if (await send(turn, verdict, word.value.trim())) {
        turn.verdict = verdict;
        place.replaceChildren();
        show();
        onGiven();
      }
      give.disabled = false;
    });
    place.replaceChildren(form);
    word.focus();
  };
  show();
  return both;
}

/** Returns whether the server accepted the feedback. */
async function send(turn, verdict, comment) {
  const body = { verdict, evidence_ids: turn.evidence.slice(0, MOST_EVIDENCE).map((item) => item.review_id) };
  if (turn.answerId) body.answer_id = turn.answerId;
  if (comment) body.comment = comment;
  try {
    await request("/api/feedback", { body });
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    notice(failureWords(error));
    return false;
  }
  notice(SAY.thanks);
  return true;
}
