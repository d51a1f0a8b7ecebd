// A picture from the visitor's camera.

import { say } from "./page.mjs";

const PROBLEMS = {
  NotAllowedError: "The browser does not let this page use the camera: allow it in the page's settings.",
  NotFoundError: "This machine has no camera.",
  NotReadableError: "The camera does not start: another program may have it.",
};

export class Camera {
  #stream;
  #number = 0; // Which of the cameras.

  /** `box` holds the video and the buttons; `taken(file)` hears of each picture that was taken. */
  constructor(box, taken) {
    this.box = box;
    this.video = box.querySelector("video");
    this.another = box.querySelector(".another");
    box.querySelector(".take").addEventListener("click", async () => taken(await this.#picture()));
    this.another.addEventListener("click", () => this.open(this.#number + 1));
  }

  /** Whether a page of this origin may ask for a camera at all. */
  static get offered() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  /** Shows what a camera sees. Returns whether there is one that may be used. */
  async open(number = this.#number) {
    this.close();
    try {
      const known = await cameras();
      this.#number = known.length ? number % known.length : 0;
      const deviceId = known[this.#number]?.deviceId;
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: deviceId ? { deviceId } : true });
    } catch (error) {
      say(PROBLEMS[error.name] ?? `The camera cannot be used: ${error.message}.`);
      return false;
    }
    say();
    this.video.srcObject = this.#stream;
    this.box.hidden = false;
    this.another.hidden = (await cameras()).length < 2;
    return true;
  }

  close() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = this.video.srcObject = null;
    this.box.hidden = true;
  }

  async #picture() {
    const { videoWidth, videoHeight } = this.video;
    const paper = new OffscreenCanvas(videoWidth, videoHeight);
    paper.getContext("2d").drawImage(this.video, 0, 0);
    return new File([await paper.convertToBlob()], "camera.png");
  }
}

async function cameras() {
  return (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
}
