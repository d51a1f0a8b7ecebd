// A canvas to draw on, with pen, finger, mouse or keys. Strokes are kept, so that any size can be made of them.

const STEP = 1 / 64; // How far an arrow key moves the pen, in the canvas's width.

export class Pad {
  #strokes = [];
  #ground; // The picture that is drawn on, a canvas; nothing: plain paper.
  #at = [0.5, 0.5];
  #lowered = false;

  /**
   * `pen()` gives {width, colour, paper, fills}: the width in 64ths of the canvas, the pen's and the paper's colour, and
   * whether what a stroke encloses is filled. `changed()` hears of each stroke that grew.
   */
  constructor(canvas, pen, changed) {
    this.canvas = canvas;
    this.pen = pen;
    this.changed = changed;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => ((this.#lowered = false), this.#show()));
    this.#show();
  }

  get empty() {
    return this.#strokes.length === 0 && !this.#ground;
  }

  /** Begins anew on an image {data, width, height}, of which the centre is taken, or on plain paper. */
  begin(image) {
    this.#strokes = [];
    this.#ground = image && square(image);
    this.#update();
  }

  /** Shows the drawing anew, since the paper's colour may have changed. */
  refresh() {
    this.#update();
  }

  /** Paints everything in the pen's colour. */
  flood() {
    this.#strokes.push({ ...this.pen(), points: [], floods: true });
    this.#update();
  }

  undo() {
    this.#strokes.pop();
    this.#update();
  }

  /** Returns the drawing as an image of size x size pixels. */
  image(size) {
    const paper = new OffscreenCanvas(size, size).getContext("2d");
    this.#paint(paper, size);
    const { data } = paper.getImageData(0, 0, size, size);
    return { data, width: size, height: size };
  }

  #down(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.#begin(this.#place(event));
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
  }

  #move(event) {
    if (!this.canvas.hasPointerCapture(event.pointerId)) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.#strokes.at(-1)?.points.push(...(events.length ? events : [event]).map((one) => this.#place(one)));
    this.#update();
  }

  #key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === " ") {
      this.#lowered = !this.#lowered;
      if (this.#lowered) this.#begin(this.#at);
    } else if (way) {
      this.#at = this.#at.map((value, axis) => Math.min(1, Math.max(0, value + way[axis] * STEP)));
      if (this.#lowered) this.#strokes.at(-1)?.points.push(this.#at);
      this.#update();
    } else return;
    event.preventDefault();
  }

  #begin(point) {
    this.#strokes.push({ ...this.pen(), points: [point, point] });
    this.#update();
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    this.#at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return this.#at;
  }

  #update() {
    this.#show();
    this.changed();
  }

  #show() {
    const size = 1024;
    Object.assign(this.canvas, { width: size, height: size });
    const paper = this.canvas.getContext("2d");
    this.#paint(paper, size);
    if (document.activeElement === this.canvas && this.canvas.matches(":focus-visible")) {
      paper.strokeStyle = this.#lowered ? "#e4572e" : "#888";
      paper.lineWidth = 4;
      paper.beginPath();
      paper.arc(this.#at[0] * size, this.#at[1] * size, 16, 0, 2 * Math.PI);
      paper.stroke();
    }
  }

  #paint(paper, size) {
    paper.fillStyle = this.pen().paper;
    paper.fillRect(0, 0, size, size);
    paper.imageSmoothingQuality = "high";
    if (this.#ground) paper.drawImage(this.#ground, 0, 0, size, size);
    paper.lineCap = paper.lineJoin = "round";
    for (const { width, colour, fills, floods, points } of this.#strokes) {
      paper.strokeStyle = paper.fillStyle = colour;
      if (floods) paper.fillRect(0, 0, size, size);
      paper.lineWidth = width * STEP * size;
      paper.beginPath();
      points.forEach(([x, y], index) => paper[index ? "lineTo" : "moveTo"](x * size, y * size));
      if (fills) paper.fill();
      paper.stroke();
    }
  }
}

/** The centre of an image, as a canvas. */
function square({ data, width, height }) {
  const side = Math.min(width, height);
  const paper = new OffscreenCanvas(side, side);
  const place = [width, height].map((length) => -Math.floor((length - side) / 2));
  paper.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(data), width, height), ...place);
  return paper;
}
