// The numbers of models that encode or score.

/** Shows the numbers that a model gives: one as it is, several as bars. */
export function list(box, answers) {
  const rows = Object.entries(answers).map(([name, values]) => {
    const row = document.createElement("section");
    const title = Object.assign(document.createElement("h2"), { textContent: name });
    const single = values.length === 1;
    const body = Object.assign(document.createElement(single ? "output" : "div"), { className: single ? "single" : "bars" });
    if (single) body.textContent = values[0].toPrecision(4);
    else body.append(...bars(values));
    row.append(title, body);
    return row;
  });
  box.replaceChildren(...rows);
}

function bars(values) {
  const largest = Math.max(...values.map(Math.abs), 1e-9);
  return values.map((value, index) => {
    const bar = document.createElement("span");
    bar.title = `${index}: ${value.toPrecision(4)}`;
    bar.style.setProperty("--value", Math.abs(value) / largest);
    bar.className = value < 0 ? "negative" : "positive";
    return bar;
  });
}
