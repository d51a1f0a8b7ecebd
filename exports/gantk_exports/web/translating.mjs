// The view of models that take an image: translate it, encode it or score it.

import { acceptPictures } from "./arrivals.mjs";
import { Camera } from "./camera.mjs";
import { Clock } from "./clock.mjs";
import { Colours } from "./colours.mjs";
import { choice, line, range, reach } from "./controls.mjs";
import { Pad } from "./drawing.mjs";
import { Examples } from "./examples.mjs";
import { fitted } from "./fitting.mjs";
import { FurtherPictures, legends, shown, thing } from "./further.mjs";
import { coloured, idsOf, nearest } from "./labels.mjs";
import { drawn, isImage, sides } from "./model.mjs";
import { list } from "./numbers.mjs";
import { decode, download, element, paint, say, sentence } from "./page.mjs";
import { newest } from "./session.mjs";
import { SideBySide } from "./side_by_side.mjs";
import { advice, chosenSize, offerForDrawing, offerForPicture } from "./sizes.mjs";
import { unsaid } from "./words.mjs";

export class ImageView {
  #model; // {name, examples, card, session, reopen}
  #first; // The input that the picture is for.
  #mode = "empty"; // "empty", "picture", "drawing" or "camera".
  #file;
  #awaited; // The file that was chosen last: of two the larger one may be read later.
  #picture;
  #offered = []; // The examples of the model, files.
  #longest; // The longer side that was chosen for the picture, where one was.
  #said = {}; // Categories, numbers and texts that were said, by input.
  #seed = 0n; // What the numbers follow from that a model draws.
  #clock = new Clock();
  #refresh = newest(() => this.#run());
  #scale = newest((longest) => this.#scaled(longest));

  /** `models` are all of the page, `cardOf(name)` gives the promise of a card. */
  constructor(models, cardOf) {
    const colours = (this.colours = new Colours());
    const pen = () => ({
      width: element("pen").valueAsNumber,
      colour: colours.pen,
      paper: colours.paper,
      fills: element("fills").checked,
    });
    const take = (file) => this.#take(file);
    this.others = new FurtherPictures(element("others"), () => this.#shows && this.#refresh());
    this.pad = new Pad(element("pad").querySelector("canvas"), pen, () => this.#mode === "drawing" && this.#refresh());
    this.examples = new Examples(take);
    this.beside = new SideBySide(models, cardOf);
    this.camera = new Camera(element("viewfinder"), take);
    acceptPictures(take);
    for (const id of ["draw", "start-drawing"]) element(id).addEventListener("click", () => this.#draw());
    element("draw-on").addEventListener("click", () => this.#draw(this.#picture));
    document.querySelectorAll(".camera").forEach((button) => button.addEventListener("click", () => this.#look()));
    element("no-camera").addEventListener("click", () => this.#enter("empty"));
    element("flood").addEventListener("click", () => this.pad.flood());
    element("undo").addEventListener("click", () => this.pad.undo());
    element("clear").addEventListener("click", () => this.pad.begin());
    element("size").addEventListener("change", () => this.#resize());
    element("again").addEventListener("click", () => this.#drawAgain());
    element("cut").addEventListener("input", ({ target }) => this.#cut(target.value));
    element("stop").addEventListener("click", () => this.#stop());
    element("save").addEventListener("click", () => download(element("after"), this.#resultName()));
  }

  /** Puts the camera away. */
  close() {
    if (this.#mode === "camera") this.#mode = "empty";
    this.camera.close();
  }

  /** Shows the view for a model that is loaded. */
  async open(model) {
    this.#model = model;
    element("image").hidden = false;
    this.#said = {};
    this.#seed = 0n;
    const [first, ...others] = model.card["gantk.inputs"].filter(isImage);
    this.#first = first;
    this.others.open(others);
    legends(element("legends"), [...model.card["gantk.inputs"], ...model.card["gantk.outputs"]]);
    element("drop").querySelector("strong").textContent = `Drop a ${thing(first)} here${others.length ? ` (${first.name})` : ""}`;
    element("drop").querySelector(".choose").textContent = `Choose a ${thing(first)}`;
    element("start-drawing").hidden = first.kind === "labels";
    const further = model.card["gantk.inputs"].filter(({ kind }) => ["category", "scalar", "caption"].includes(kind));
    element("further").replaceChildren(...further.map((port) => this.#control(port)));
    element("further").hidden = !further.length;
    element("again").hidden = !this.#latents.length;
    const measures = model.card["gantk.task"] !== "translate";
    element("numbers").hidden = !measures;
    element("save").hidden = measures;
    element("compare").classList.toggle("lone", measures);
    this.examples.open(model);
    this.beside.open(model.name, model.card);
    if (first.kind === "labels" && this.#mode === "drawing") this.#mode = "empty";
    // Another model's example is none of this one's.
    if (this.#mode === "picture" && this.#offered.includes(this.#file)) this.#mode = "empty";
    if (this.#mode === "picture") this.#show();
    else this.#enter(this.#mode);
    const offered = await this.examples.files();
    if (this.#model !== model) return;
    this.#offered = offered;
    if (this.#mode === "empty" && offered.length) this.#take(offered[0]);
    await this.colours.open(first.kind === "labels" ? [] : offered);
    this.pad.refresh();
  }

  /** A control for a category, a number or a text that the model takes besides. */
  #control(port) {
    const say = (value) => {
      this.#said[port.name] = value;
      if (this.#shows) this.#refresh();
    };
    if (port.kind === "caption") return line(port, say);
    this.#said[port.name] = port.default ?? 0;
    if (port.kind === "scalar") return range(port.name, ...reach(port), port.default, say);
    const names = port.names.length ? port.names : Array.from({ length: port.categories }, (_, index) => String(index));
    return choice(port.name, names, this.#said[port.name], say);
  }

  /** The inputs whose numbers are drawn. */
  get #latents() {
    return this.#model.card["gantk.inputs"].filter(({ kind }) => kind === "latent");
  }

  #drawAgain() {
    this.#seed += 1n;
    this.#refresh();
  }

  /** Whether there is an image to be translated. */
  get #shows() {
    return this.#mode === "picture" || this.#mode === "drawing";
  }

  #enter(mode) {
    this.#mode = mode;
    const { card } = this.#model;
    const drawing = mode === "drawing";
    const drawn = this.#first.kind !== "labels";
    if (mode !== "camera") this.camera.close();
    element("drop").hidden = mode !== "empty";
    element("pad").hidden = element("drawing-tools").hidden = !drawing;
    element("compare").hidden = !this.#shows || (drawing && card["gantk.task"] !== "translate");
    element("compare").classList.toggle("alone", drawing);
    element("tools").hidden = !this.#shows;
    element("another").textContent = drawing ? "Choose a picture" : `Another ${thing(this.#first)}`;
    element("draw").hidden = drawing || !drawn;
    element("draw-on").hidden = drawing || !drawn;
    document.querySelectorAll(".camera").forEach((button) => (button.hidden = !drawn || !Camera.offered));
    element("size-label").hidden = card["gantk.size"] !== null;
    if (drawing) offerForDrawing(card);
    this.examples.mark(mode === "picture" ? this.#file : undefined);
    element("save").disabled = true;
    element("said").textContent = "";
    element("numbers").replaceChildren();
    if (drawing) this.pad.canvas.focus();
    if (this.#shows) this.#refresh();
    else this.beside.show();
  }

  /** Goes to the drawing; where an image is given, to a new one on it. */
  #draw(image) {
    if (image) this.pad.begin(image);
    this.#enter("drawing");
  }

  async #look() {
    this.#enter((await this.camera.open()) ? "camera" : this.#mode);
  }

  async #take(file) {
    if (!file) return;
    if (!element("generate").hidden) return say("This model takes no picture: it makes some of random numbers.");
    say();
    this.#awaited = file;
    try {
      const picture = await decode(file);
      if (this.#awaited !== file) return;
      this.#picture = picture;
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
    if (this.#clock.waits) this.#model.reopen();
    else go();
  }

  /** Shows the chosen picture, at a size that does not take long. */
  #show() {
    this.#scale(offerForPicture(this.#model.card, this.#picture.whole, this.#longest));
  }

  #resize() {
    if (this.#mode === "drawing") return this.#refresh();
    this.#longest = chosenSize();
    return this.#afresh(() => this.#scale(this.#longest));
  }

  async #scaled(longest) {
    const file = this.#file;
    if (longest !== Math.max(this.#picture.width, this.#picture.height)) {
      const picture = await decode(file, longest, this.#first.kind === "labels");
      if (this.#file !== file) return;
      this.#picture = picture;
    }
    this.#enter("picture");
  }

  /** The image that the model is asked for, and what is shown of it. */
  #source() {
    const { card } = this.#model;
    const wanted = sides(card);
    const drawn = () => this.pad.image(wanted ? Math.max(...wanted) : chosenSize());
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
    const asked = this.#mode === "drawing" ? image : this.#picture;
    this.beside.show(this.#mode === "drawing" && this.pad.empty ? undefined : asked);
    if (this.#mode === "drawing" && this.pad.empty) return;
    const missing = this.others.missing || sentence(unsaid(card, this.#said));
    element("said").textContent = missing;
    if (missing) return;
    this.#clock.begin(image);
    try {
      const translates = card["gantk.task"] === "translate";
      const latents = this.#latents.map((port) => [port.name, drawn(port, this.#seed, 0)]);
      const said = { ...Object.fromEntries(latents), ...this.#said, ...this.others.said };
      const answer = await session.ask(translates ? "translate" : "measure", { image: asked, said });
      if (!answer) return;
      translates ? paint(element("after"), answer) : list(element("numbers"), answer);
      const advised = this.#mode === "picture" ? advice(card, image, this.#picture.whole) : "";
      const seed = latents.length ? `Seed ${this.#seed}: ` : "";
      element("said").textContent = `${seed}${image.width} × ${image.height} pixels in ${this.#clock.seconds}.${advised}`;
      element("save").disabled = false;
      say();
    } catch (error) {
      const { width, height } = image;
      say(`${name} could not do this at ${width} × ${height} pixels: ${error.message}. Choose a smaller size.`);
    } finally {
      this.#clock.end();
    }
  }

  #cut(percent) {
    element("compare").style.setProperty("--cut", `${percent}%`);
  }

  #stop() {
    this.#mode = "empty";
    this.#clock.end();
    this.#model.reopen();
  }

  #resultName() {
    return `${this.#mode === "drawing" ? "drawing" : this.#file.name.replace(/\.[^.]*$/, "") || "picture"}-${this.#model.name}`;
  }
}
