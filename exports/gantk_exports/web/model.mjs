// A model with the card that `gantk export` wrote beside it, run by ONNX Runtime, in a browser or in Node.
// Images are {data, width, height} of RGBA bytes; what a model takes and gives, its card says (docs/models.md).

import { fitted } from "./fitting.mjs";
import { coloured, idsOf, nearest } from "./labels.mjs";
import { category, latent } from "./random.mjs";
import { tokens, unsaid } from "./words.mjs";

/** Numbers that all samples of a batch are drawn from at most: 64 MiB. */
const MOST_NUMBERS = 2 ** 24;

/** Opens NAME.onnx and NAME.json; `read(name)` gives a file's bytes, `ort` is onnxruntime-web or onnxruntime-node. */
export async function openModel(ort, name, read) {
  const card = JSON.parse(new TextDecoder().decode(await read(name.replace(/\.onnx$/, ".json"))));
  for (const { kind, dtype, layout } of [...card["gantk.inputs"], ...card["gantk.outputs"]]) {
    if (isImage({ kind }) && (dtype !== "uint8" || layout === "NCHW")) {
      throw new Error(`${name} has images of ${dtype} ${layout}, not of 8 bits as they are`);
    }
  }
  return { ort, card, session: await ort.InferenceSession.create(await read(name)) };
}

/** Height and width of the images that a model takes, where it takes no other. */
export function sides(card) {
  const size = card["gantk.size"];
  return typeof size === "number" ? [size, size] : size;
}

/**
 * Translates an image; it keeps its size, or becomes what the model's one size leaves of it, times the model's scale.
 * `said` gives the model's further inputs by name: an image likewise, a category by its index, a number, a text, a latent
 * by an array. A label map is read by the palette of the card, and comes out in the colours of its classes.
 */
export async function translate(model, image, said = {}) {
  const taken = take(model, image, said);
  const [answer] = await images(model, await model.session.run(taken.tensors));
  const { kind, channels } = model.card["gantk.outputs"][0];
  if (taken.alpha && kind === "image" && channels !== 4) {
    const scale = model.card["gantk.scale"] ?? 1;
    for (let pixel = 0; pixel < answer.width * answer.height; pixel++) {
      const [row, column] = [Math.floor(pixel / answer.width), pixel % answer.width];
      const place = Math.floor(row / scale) * taken.width + Math.floor(column / scale);
      answer.data[4 * pixel + 3] = taken.alpha[Math.min(place, taken.alpha.length - 1)];
    }
  }
  return answer;
}

/** Encodes or scores an image: the numbers of each output, by name; `said` as above. */
export async function measure(model, image, said = {}) {
  const answers = await model.session.run(take(model, image, said).tensors);
  return Object.fromEntries(model.card["gantk.outputs"].map(({ name }) => [name, Array.from(answers[name].data, Number)]));
}

/** Generates `count` images of a seed (a BigInt) from sample `start` on; `said` gives inputs by name, as arrays. */
export async function generate(model, { count, seed = 0n, start = 0, truncation, said = {} }) {
  const missing = unsaid(model.card, said);
  if (missing) throw new Error(missing);
  const numbers = model.card["gantk.inputs"].reduce((sum, port) => sum + (port.length ?? 0), 0);
  const most = model.card["gantk.batch"] ?? Math.max(1, Math.floor(MOST_NUMBERS / numbers));
  if (count > most) {
    const parts = [];
    for (let from = 0; from < count; from += most) {
      const rows = Object.entries(said).map(([name, values]) => [name, values.slice(from, from + most)]);
      parts.push(...(await generate(model, { count: model.card["gantk.batch"] ?? Math.min(most, count - from), seed, start: start + from, truncation, said: Object.fromEntries(rows) })));
    }
    return parts;
  }
  const given = Object.fromEntries(
    model.card["gantk.inputs"].map((port) => {
      const rows = Array.from({ length: count }, (_, row) => said[port.name]?.[row] ?? drawn(port, seed, start + row, truncation));
      return [port.name, tensor(model.ort, port, rows)];
    }),
  );
  return images(model, await model.session.run(given));
}

/** The tensor of an input's rows: numbers, texts, or an array of numbers for each sample of a latent. */
function tensor(ort, port, rows) {
  const { kind, layout, length, shape } = port;
  if (kind === "caption") {
    const numbers = rows.flatMap((text) => tokens(port, text));
    return new ort.Tensor("int64", BigInt64Array.from(numbers, BigInt), [rows.length, length]);
  }
  if (kind === "category") return new ort.Tensor("int64", BigInt64Array.from(rows, BigInt), [rows.length]);
  if (layout === "N") return new ort.Tensor("float32", Float32Array.from(rows), [rows.length]);
  const numbers = new Float32Array(rows.length * length);
  rows.forEach((row, sample) => numbers.set(row, sample * length));
  return new ort.Tensor("float32", numbers, [rows.length, ...(shape ?? [length])]);
}

/** What an input is in one sample that nobody says: its default, or what a seed gives: an index, or a latent's numbers. */
export function drawn(port, seed, sample, truncation) {
  if (port.default !== undefined) return port.default;
  if (port.kind === "category") return category(port, seed, sample);
  return latent(port, seed, sample, truncation);
}

/** The tensors that an image becomes, and its alpha channel where the model does not take it. */
function take({ ort, card }, image, said) {
  const first = card["gantk.inputs"].find(isImage);
  const [height, width] = sides(card) ?? [image.height, image.width];
  const { tensor: own, alpha } = pixels(ort, first, image, [height, width]);
  const tensors = { [first.name]: own };
  const missing = unsaid(card, said);
  if (missing) throw new Error(missing);
  for (const port of card["gantk.inputs"]) {
    if (port.name === first.name) continue;
    if (isImage(port)) {
      if (said[port.name] === undefined) throw new Error(`this model takes an image ${port.name} besides, which is not given`);
      tensors[port.name] = pixels(ort, port, said[port.name], [height, width]).tensor;
      continue;
    }
    if (said[port.name] === undefined && port.kind === "category" && port.default === undefined) {
      throw new Error(`this model takes a category ${port.name}, which is not said`);
    }
    tensors[port.name] = tensor(ort, port, [said[port.name] ?? drawn(port, 0n, 0)]);
  }
  return { tensors, width, alpha };
}

/** Whether an input or an output is an image or a label map. */
export const isImage = ({ kind }) => kind === "image" || kind === "labels";

/** The tensor of an image that is brought to [rows, columns], and its alpha channel where that is left out and used. */
function pixels(ort, port, { data, width, height }, wanted) {
  if (port.kind === "labels") {
    const ids = nearest(idsOf(port, { data, width, height }), width, height, wanted);
    return { tensor: new ort.Tensor("uint8", ids, [1, ...wanted]), alpha: null };
  }
  const { channels } = port;
  let values = new Uint8Array(width * height * channels);
  let alpha = new Uint8Array(width * height);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    alpha[pixel] = data[4 * pixel + 3];
    const share = channels === 4 ? 1 : alpha[pixel] / 255;
    const over = (channel) => Math.round(255 + (data[4 * pixel + channel] - 255) * share);
    if (channels === 1) values[pixel] = (over(0) * 19595 + over(1) * 38470 + over(2) * 7471 + 32768) >> 16;
    else for (let channel = 0; channel < 3; channel++) values[channels * pixel + channel] = over(channel);
    if (channels === 4) values[4 * pixel + 3] = alpha[pixel];
  }
  const opaque = channels === 4 || alpha.every((value) => value === 255);
  values = fitted(values, width, height, channels, wanted);
  if (!opaque) alpha = fitted(alpha, width, height, 1, wanted);
  return { tensor: new ort.Tensor("uint8", values, [1, ...wanted, channels]), alpha: opaque ? null : alpha };
}

/** The images that a model gave, as RGBA bytes. */
async function images({ card }, answers) {
  const port = card["gantk.outputs"][0];
  const { name, channels } = port;
  const { data, dims } = answers[name];
  const [count, height, width] = dims;
  if (port.kind === "labels") {
    const each = width * height;
    return Array.from({ length: count }, (_, map) => coloured(port, data.subarray(map * each, (map + 1) * each), width, height));
  }
  return Array.from({ length: count }, (_, image) => {
    const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const from = (image * width * height + pixel) * channels;
      for (let i = 0; i < Math.max(3, channels); i++) rgba[4 * pixel + i] = data[channels === 1 ? from : from + i];
    }
    return { data: rgba, width, height };
  });
}
