// What the views share: the document's elements, canvases, messages, downloads.

/** The element of an id. */
export const element = (id) => document.getElementById(id);

/** Shows a problem, or nothing. */
export function say(problem) {
  element("message").textContent = problem ?? "";
  element("message").hidden = !problem;
}

/** Bytes in words. */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Words as a sentence; of none nothing. */
export const sentence = (words) => words && `${words[0].toUpperCase()}${words.slice(1)}.`;

/** Paints an image on a canvas of its size. */
export function paint(canvas, { data, width, height }) {
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
  // Few pixels are shown as what they are, many are smoothed.
  canvas.classList.toggle("coarse", Math.max(width, height) <= 64);
}

/** Gives a canvas to the visitor as a PNG file. */
export async function download(canvas, name) {
  const blob = await new Promise((keep) => canvas.toBlob(keep));
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `${name}.png` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * Returns a picture's pixels as RGBA, the longer side at most `longest` pixels, of a label map by the nearest pixels.
 * Throws where it is no picture.
 */
export async function decode(file, longest = Infinity, labels = false) {
  let bitmap;
  try {
    // Colour profiles are not applied: a model knows the values in the file.
    bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch {
    throw new Error(`${file.name || "This"} is not a picture that this browser can read. Try a PNG, JPEG or WebP file.`);
  }
  const share = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((length) => Math.max(1, Math.round(length * share)));
  const paper = new OffscreenCanvas(width, height).getContext("2d");
  paper.imageSmoothingEnabled = !labels;
  paper.imageSmoothingQuality = "high";
  paper.drawImage(bitmap, 0, 0, width, height);
  const { data } = paper.getImageData(0, 0, width, height);
  const whole = { width: bitmap.width, height: bitmap.height };
  bitmap.close();
  return { data, width, height, whole };
}
