// Controls for what a model takes besides images: a slider for a number, a list of a category's values.

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

function labelled(text, control) {
  const label = document.createElement("label");
  label.append(Object.assign(document.createElement("span"), { textContent: text }), control);
  return label;
}
