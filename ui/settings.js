// The visitor's settings, stored in the browser.

const KEPT_AS = "inspector";

let inspects = false;
try {
  inspects = localStorage.getItem(KEPT_AS) === "on";
} catch {
  // Storage is disabled: the setting lasts until the page is closed.
}

/** Whether to request a trace of each answer. */
export function isInspecting() {
  return inspects;
}

/** Connects the checkbox to the setting. */
export function bindInspector(checkbox) {
  checkbox.checked = inspects;
  checkbox.addEventListener("change", () => {
    inspects = checkbox.checked;
    try {
      localStorage.setItem(KEPT_AS, inspects ? "on" : "off");
    } catch {
      // Storage is disabled: the setting lasts until the page is closed.
    }
  });
}
