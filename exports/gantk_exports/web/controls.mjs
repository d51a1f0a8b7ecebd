// Controls for what a model takes besides images: a slider for a number, a list of a category's values, a line of text.

import { say, sentence } from "./page.mjs";
import { example, tokens } from "./words.mjs";

const LISTED = 500; // Words that are shown at most.

/** The least and the largest value that a slider of an input offers. */
export function reach({ kind, distribution, low, high, default: middle }) {
  if (kind !== "scalar") return distribution === "uniform" ? [-1, 1] : [-3, 3];
  return [low ?? Math.min(middle, high ?? middle) - 1, high ?? Math.max(middle, low ?? middle) + 1];
}

export function range(text, low, high, value, changed) {
  const input = Object.assign(document.createElement("input"), { type: "range", min: low, max: high, step: "any" });
  input.value = value;
  input.setAttribute("aria-label", text);
  const number = document.createElement("output");
  const show = () => (number.textContent = input.valueAsNumber.toFixed(2));
  input.addEventListener("input", () => {
    show();
    changed(input.valueAsNumber);
  });
  show();
  const label = labelled(text, input);
  label.append(number);
  return label;
}

export function choice(text, texts, chosen, changed) {
  const select = document.createElement("select");
  select.append(...texts.map((one, index) => new Option(one, index, false, index === chosen)));
  select.addEventListener("change", () => changed(Number(select.value)));
  return labelled(text, select);
}

/** A line for a text, and the words that it can be made of. */
export function line(port, changed) {
  const input = Object.assign(document.createElement("input"), { type: "text", placeholder: example(port) });
  input.addEventListener("change", () => {
    try {
      tokens(port, input.value);
    } catch (error) {
      return say(sentence(error.message));
    }
    say();
    changed(input.value);
  });
  const known = Object.assign(document.createElement("details"), { className: "words" });
  const title = `${port.words.length} words, up to ${port.length} at once`;
  const words = Object.assign(document.createElement("p"), { textContent: port.words.slice(0, LISTED).join(", ") });
  if (port.words.length > LISTED) words.append(` and ${port.words.length - LISTED} more`);
  known.append(Object.assign(document.createElement("summary"), { textContent: title }), words);
  const box = Object.assign(document.createElement("div"), { className: "line" });
  box.append(labelled(port.name, input), known);
  return box;
}

function labelled(text, control) {
  const label = document.createElement("label");
  label.append(Object.assign(document.createElement("span"), { textContent: text }), control);
  return label;
}
