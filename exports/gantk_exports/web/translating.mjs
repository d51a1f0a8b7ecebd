// The view of models that take an image: translate it, encode it or score it.

import { choice, line, range, reach } from "./controls.mjs";
import { Pad } from "./drawing.mjs";
import { fitted } from "./fitting.mjs";
import { FurtherPictures, legends, shown, thing } from "./further.mjs";
import { coloured, idsOf, nearest } from "./labels.mjs";
import { isImage, sides } from "./model.mjs";
import { list } from "./numbers.mjs";
import { decode, download, element, paint, say, sentence } from "./page.mjs";
import { newest } from "./session.mjs";
import { unsaid } from "./words.mjs";

const ROOMY = 512; // Pixels squared that a browser translates without a long wait.
const SIZES = [2048, 1024, 512, 256, 128, 64];
const PAPER = 256; // Pixels of a drawing where the model does not say what it was trained on.

export class ImageView {
  #model; // {name, card, session, reopen}
  #first; // The input that the picture is for.
  #mode = "empty"; // "empty", "picture" or "drawing".
  #file;
  #picture;
  #longest; // The longer side that was chosen for the picture, where one was.
  #said = {}; // Categories, numbers and texts that were said, by input.
  #running; // When the run began that is going on, in ms.
  #refresh = newest(() => this.#run());

  constructor() {
    const pen = () => ({ width: element("pen").valueAsNumber, eraser: element("eraser").checked });
    this.others = new FurtherPictures(element("others"), () => this.#mode !== "empty" && this.#refresh());
    this.pad = new Pad(element("pad").querySelector("canvas"), pen, () => this.#refresh());
    document.querySelectorAll(".choose").forEach((button) => button.addEventListener("click", () => element("file").click()));
    element("file").addEventListener("change", ({ target }) => {
      this.#take(target.files[0]);
      target.value = "";
    });
    for (const id of ["draw", "start-drawing"]) element(id).addEventListener("click", () => this.#enter("drawing"));
    element("undo").addEventListener("click", () => this.pad.undo());
    element("clear").addEventListener("click", () => this.pad.clear());
    element("size").addEventListener("change", () => this.#resize());
    element("cut").addEventListener("input", ({ target }) => this.#cut(target.value));
    element("stop").addEventListener("click", () => this.#stop());
    element("save").addEventListener("click", () => download(element("after"), this.#resultName()));
    this.#acceptDrops();
  }

  /** Shows the view for a model that is loaded. */
  open(model) {
    this.#model = model;
    element("image").hidden = false;
    this.#said = {};
    const [first, ...others] = model.card["gantk.inputs"].filter(isImage);
    this.#first = first;
    this.others.open(others);
    legends(element("legends"), [...model.card["gantk.inputs"], ...model.card["gantk.outputs"]]);
    element("drop").querySelector("strong").textContent = `Drop a ${thing(first)} here${others.length ? ` (${first.name})` : ""}`;
    element("drop").querySelector(".choose").textContent = `Choose a ${thing(first)}`;
    element("start-drawing").hidden = first.kind === "labels";
    if (first.kind === "labels" && this.#mode === "drawing") this.#mode = "empty";
    const further = model.card["gantk.inputs"].filter(({ kind }) => ["category", "scalar", "caption"].includes(kind));
    element("further").replaceChildren(...further.map((port) => this.#control(port)));
    element("further").hidden = !further.length;
    const measures = model.card["gantk.task"] !== "translate";
    element("numbers").hidden = !measures;
    element("save").hidden = measures;
    element("compare").classList.toggle("lone", measures);
    if (this.#mode === "picture") this.#show();
    else this.#enter(this.#mode);
  }

  /** A control for a category, a number or a text that the model takes besides. */
  #control(port) {
    const say = (value) => {
      this.#said[port.name] = value;
      if (this.#mode !== "empty") this.#refresh();
    };
    if (port.kind === "caption") return line(port, say);
    this.#said[port.name] = port.default ?? 0;
    if (port.kind === "scalar") return range(port.name, ...reach(port), port.default, say);
    const names = port.names.length ? port.names : Array.from({ length: port.categories }, (_, index) => String(index));
    return choice(port.name, names, this.#said[port.name], say);
  }

  #acceptDrops() {
    const welcome = (event) => {
      event.preventDefault();
      document.body.classList.toggle("over", event.type === "dragover");
    };
    for (const type of ["dragover", "dragleave", "drop"]) addEventListener(type, welcome);
    addEventListener("drop", (event) => this.#take(event.dataTransfer.files[0]));
    addEventListener("paste", (event) => {
      const file = event.clipboardData.files[0];
      if (file) this.#take(file);
      else if (!event.target.matches("input")) say("What was pasted holds no picture.");
    });
  }

  #enter(mode) {
    this.#mode = mode;
    const { card } = this.#model;
    const drawing = mode === "drawing";
    element("drop").hidden = mode !== "empty";
    element("pad").hidden = element("drawing-tools").hidden = !drawing;
    element("compare").hidden = mode === "empty" || (drawing && card["gantk.task"] !== "translate");
    element("compare").classList.toggle("beside", drawing);
    element("tools").hidden = mode === "empty";
    element("another").textContent = drawing ? "Choose a picture" : `Another ${thing(this.#first)}`;
    element("draw").hidden = drawing || this.#first.kind === "labels";
    element("size-label").hidden = card["gantk.size"] !== null;
    if (drawing) this.#offerSizes(Infinity, card["gantk.trained_size"] ?? PAPER);
    element("save").disabled = true;
    element("said").textContent = "";
    element("numbers").replaceChildren();
    if (drawing) this.pad.canvas.focus();
    if (mode !== "empty") this.#refresh();
  }

  async #take(file) {
    if (!file) return;
    if (!element("generate").hidden) return say("This model takes no picture: it makes some of random numbers.");
    say();
    try {
      this.#picture = await decode(file);
    } catch (error) {
      return say(error.message);
    }
    this.#file = file;
    this.#longest = undefined;
    this.#mode = "picture";
    // A model that is still loading shows it once it is there.
    if (!element("image").hidden) this.#afresh(() => this.#show());
  }

  /** Does something with a session that has nothing else to do. */
  #afresh(go) {
    if (this.#running && performance.now() - this.#running > 300) this.#model.reopen();
    else go();
  }

  /** Shows the chosen picture, at a size that does not take long. */
  #show() {
    const { width, height } = this.#picture.whole;
    const longest = Math.max(width, height);
    const roomy = width * height <= ROOMY ** 2 || this.#model.card["gantk.size"] ? longest : ROOMY;
    const chosen = this.#longest ?? roomy;
    this.#offerSizes(longest, chosen, new Option(`${width} × ${height}, as it is`, longest));
    this.#scale(chosen);
  }

  #offerSizes(below, chosen, ...first) {
    const trained = this.#model.card["gantk.trained_size"];
    const sizes = [...new Set([...SIZES, trained, chosen])].filter((size) => size && size < below).sort((a, b) => b - a);
    const text = (size) => `${size}${size === trained ? ", as in training" : ""}`;
    element("size").replaceChildren(...first, ...sizes.map((size) => new Option(text(size), size)));
    element("size").value = chosen;
  }

  #resize() {
    if (this.#mode === "drawing") return this.#refresh();
    this.#longest = Number(element("size").value);
    return this.#afresh(() => this.#scale(this.#longest));
  }

  async #scale(longest) {
    if (longest !== Math.max(this.#picture.width, this.#picture.height)) {
      this.#picture = await decode(this.#file, longest, this.#first.kind === "labels");
    }
    this.#enter("picture");
  }

  /** The image that the model is asked for, and what is shown of it. */
  #source() {
    const { card } = this.#model;
    const wanted = sides(card);
    const drawn = () => this.pad.image(wanted ? Math.max(...wanted) : Number(element("size").value));
    const image = this.#mode === "drawing" ? drawn() : this.#picture;
    if (this.#first.kind === "labels") {
      if (!wanted) return shown(this.#first, image);
      const ids = nearest(idsOf(this.#first, image), image.width, image.height, wanted);
      return coloured(this.#first, ids, wanted[1], wanted[0]);
    }
    if (!wanted) return image;
    return { data: fitted(image.data, image.width, image.height, 4, wanted), width: wanted[1], height: wanted[0] };
  }

  async #run() {
    const { session, card, name } = this.#model;
    let image;
    try {
      image = this.#source();
    } catch (error) {
      return say(`${this.#file.name}: ${error.message}.`);
    }
    paint(element("before"), image);
    if (this.#mode === "picture" || this.pad.empty) paint(element("after"), image);
    if (this.#mode === "drawing" && this.pad.empty) return;
    const missing = this.others.missing || sentence(unsaid(card, this.#said));
    element("said").textContent = missing;
    if (missing) return;
    const began = (this.#running = performance.now());
    const clock = setInterval(() => this.#wait(image), 300);
    try {
      const translates = card["gantk.task"] === "translate";
      const asked = { image: this.#mode === "drawing" ? image : this.#picture, said: { ...this.#said, ...this.others.said } };
      const answer = await session.ask(translates ? "translate" : "measure", asked);
      if (!answer) return;
      translates ? paint(element("after"), answer) : list(element("numbers"), answer);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      element("said").textContent = `${image.width} × ${image.height} pixels in ${seconds} s.${this.#advice(image)}`;
      element("save").disabled = false;
      say();
    } catch (error) {
      const { width, height } = image;
      say(`${name} could not do this at ${width} × ${height} pixels: ${error.message}. Choose a smaller size.`);
    } finally {
      clearInterval(clock);
      this.#running = undefined;
      this.#busy(false);
    }
  }

  #wait({ width, height }) {
    this.#busy(true);
    const seconds = Math.round((performance.now() - this.#running) / 1000);
    element("said").textContent = `Working on ${width} × ${height} pixels: ${seconds} s. A smaller size is faster.`;
  }

  #advice({ width, height }) {
    const whole = this.#picture?.whole;
    if (this.#mode !== "picture" || this.#model.card["gantk.size"] || !whole) return "";
    return whole.width * whole.height > ROOMY ** 2 && width !== whole.width
      ? ` It was made smaller, since large pictures take long in a browser; ${whole.width} × ${whole.height} is there under Size.`
      : "";
  }

  #cut(percent) {
    element("compare").style.setProperty("--cut", `${percent}%`);
  }

  #busy(busy) {
    element("compare").querySelector(".busy").hidden = !busy;
    element("compare").classList.toggle("waiting", busy);
    element("stop").hidden = !busy;
  }

  #stop() {
    this.#mode = "empty";
    this.#busy(false);
    this.#model.reopen();
  }

  #resultName() {
    return `${this.#mode === "drawing" ? "drawing" : this.#file.name.replace(/\.[^.]*$/, "") || "picture"}-${this.#model.name}`;
  }
}
