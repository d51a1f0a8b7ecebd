// The page of `gantk app`: which model, its loading, and the view of what it does.

import { GeneratorView } from "./generating.mjs";
import { element, megabytes, say } from "./page.mjs";
import { Session } from "./session.mjs";
import { ImageView } from "./translating.mjs";

const cards = new Map(); // Promises, by a model's name.
let views;
let session;

async function json(file) {
  const answer = await fetch(file);
  if (!answer.ok) throw new Error(`${file} could not be loaded (${answer.status})`);
  return answer.json();
}

function cardOf(name) {
  if (!cards.has(name)) cards.set(name, json(`models/${encodeURIComponent(name)}.json`));
  return cards.get(name);
}

async function open(model) {
  const { name, bytes, what } = model;
  session?.close();
  say();
  views.image.close();
  for (const view of Object.keys(views)) element(view).hidden = true;
  const mine = (session = new Session());
  try {
    const card = await cardOf(name);
    if (mine !== session) return;
    element("what").textContent = what;
    element("about").textContent = about(card, bytes);
    credit(card["gantk.credits"] ?? []);
    await mine.open(model, (loaded, total) => mine === session && loading(loaded, total));
    if (mine !== session) return;
    const view = views[card["gantk.task"] === "generate" ? "generate" : "image"];
    view.open({ ...model, card, session: mine, reopen: () => open(model) });
  } catch (error) {
    cards.delete(name);
    if (mine === session) say(`${name} cannot be run here: ${error.message}`);
  } finally {
    if (mine === session) element("loading").hidden = true;
  }
}

function loading(loaded, total) {
  element("loading").hidden = false;
  element("loading").querySelector("progress").value = Math.min(1, loaded / total);
  element("loading").querySelector("span").textContent =
    loaded < total ? `Loading: ${megabytes(loaded)} of ${megabytes(total)}` : "Starting ONNX Runtime";
}

function about(card, bytes) {
  const trained = card["gantk.trained_size"];
  const licence = card["gantk.licence"] ? ` (${card["gantk.licence"]})` : "";
  const data = card["gantk.data"] ? `trained on ${card["gantk.data"]}${licence}${trained ? ` at ${trained} px` : ""}` : "";
  return [card["gantk.plugin"], card["gantk.graph"], data, megabytes(bytes)].filter(Boolean).join(" · ");
}

function credit(lines) {
  element("credits").hidden = lines.length === 0;
  const told = lines.map((line) => Object.assign(document.createElement("p"), { textContent: line }));
  element("credits").replaceChildren(element("credits").firstElementChild, ...told);
}

element("unserved").remove();
try {
  const models = await json("models.json");
  views = { image: new ImageView(models, cardOf), generate: new GeneratorView() };
  const asked = () => models.find(({ name }) => name === decodeURIComponent(location.hash.slice(1))) ?? models[0];
  element("model").append(...models.map(({ name }) => new Option(name)));
  element("chooser").hidden = models.length < 2;
  element("model").addEventListener("change", ({ target }) => (location.hash = encodeURIComponent(target.value)));
  const show = async () => {
    element("model").value = asked().name;
    await open(asked());
    const name = decodeURIComponent(location.hash.slice(1));
    if (name && name !== asked().name) say(`There is no model called ${name} here: this is ${asked().name}.`);
  };
  addEventListener("hashchange", show);
  show();
} catch (error) {
  say(`The page could not start: ${error.message}`);
}
