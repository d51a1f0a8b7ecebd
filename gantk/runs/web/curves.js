"use strict";
const NAMESPACE = "http://www.w3.org/2000/svg";
const short = (value) => Number(value.toPrecision(3)).toString();

/* Draw curves of one name, one for each run that has it: {run, steps, values}. */
function drawn(name, lines) {
  const known = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const low = Math.min(...known), high = Math.max(...known);
  const last = Math.max(...lines.flatMap((line) => line.steps), 1);
  const shape = document.createElementNS(NAMESPACE, "svg");
  shape.setAttribute("viewBox", "0 0 100 100");
  shape.setAttribute("preserveAspectRatio", "none");
  const mark = document.createElementNS(NAMESPACE, "line");
  mark.dataset.last = last;
  mark.setAttribute("y1", 0);
  mark.setAttribute("y2", 100);
  shape.append(mark, ...lines.map((line) => path(line, low, high, last)));
  const title = document.createElement("figcaption"), ends = document.createElement("figcaption");
  const label = document.createElement("span");
  label.textContent = name.replace("/", " ");
  const numbers = document.createElement("span");
  numbers.append(...lines.map((line) => newest(line, runs.length > 1)));
  title.append(label, numbers);
  ends.textContent = `${short(low)} to ${short(high)}`;
  const figure = document.createElement("figure");
  figure.append(...(known.length > lines.length ? [title, shape, ends] : [title]));
  return figure;
}

function path(line, low, high, last) {
  const found = document.createElementNS(NAMESPACE, "path");
  let said = "", pen = "M";
  line.steps.forEach((step, index) => {
    const value = line.values[index];
    if (value === null) { pen = "M"; return; }
    const y = high > low ? 100 - 100 * (value - low) / (high - low) : 50;
    said += `${pen}${(100 * step / last).toFixed(2)} ${y.toFixed(2)}`;
    pen = "L";
  });
  found.setAttribute("d", said);
  found.style.stroke = `var(--run-${line.run % 6})`;
  return found;
}

/* Return the newest number of a line, of several runs in its color. */
function newest(line, several) {
  const now = document.createElement("b");
  if (several) now.style.color = `var(--run-${line.run % 6})`;
  const known = line.values.filter((value) => value !== null);
  now.textContent = known.length ? short(known[known.length - 1]) : "not finite";
  return now;
}

/* Gather what runs know by a name: {name: [{run, steps, values}]}. */
function gathered(runs, curves) {
  const found = new Map();
  runs.forEach((run, number) => {
    for (const [name, steps, values] of curves(run)) {
      if (!found.has(name)) found.set(name, []);
      found.get(name).push({ run: number, steps, values });
    }
  });
  return [...found].map(([name, lines]) => drawn(name, lines));
}

const isPace = (name) => name.startsWith("rate/") || name.startsWith("speed/");
const logged = (run, wanted) => Object.entries(run.curves.values)
  .filter(([name]) => wanted(name)).map(([name, values]) => [name, run.curves.steps, values]);
const scored = (run) => Object.entries(run.scores || {})
  .map(([name, points]) => [name, points.map(([step]) => step), points.map(([, value]) => value)]);
