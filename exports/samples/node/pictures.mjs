// PNG and JPEG files as {data, width, height} of RGBA bytes, and back.

import jpeg from "jpeg-js";
import { PNG } from "pngjs";

/** The picture in a file's bytes, the right way up. */
export function decode(bytes, name) {
  try {
    if (bytes[0] === 0x89) return PNG.sync.read(bytes);
    if (bytes[0] === 0xff) return turned(jpeg.decode(bytes, { maxMemoryUsageInMB: 4096 }), orientation(bytes));
  } catch (error) {
    throw new Error(`${name} cannot be read: ${error.message}`);
  }
  throw new Error(`${name} is neither a PNG nor a JPEG file`);
}

/** What makes a picture a file of the kind that a name ends in. */
export function encode(name) {
  if (/\.png$/i.test(name)) {
    return ({ data, width, height }) => PNG.sync.write(Object.assign(new PNG({ width, height }), { data: Buffer.from(data) }));
  }
  if (/\.jpe?g$/i.test(name)) return (image) => jpeg.encode({ ...image, data: Buffer.from(image.data) }, 95).data;
  throw new Error(`${name} ends neither in .png nor in .jpg`);
}

/** How a camera held a picture, 1 to 8, as the EXIF data of a JPEG file say. */
function orientation(bytes) {
  const at = bytes.indexOf("Exif\0\0") + 6;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  if (at < 6 || view.byteLength < 14) return 1;
  const little = view.getUint16(0) === 0x4949;
  const first = view.getUint32(4, little);
  for (let entry = first + 2; entry + 12 <= view.byteLength && entry < first + 2 + 12 * 200; entry += 12) {
    if (view.getUint16(entry, little) === 0x0112) return view.getUint16(entry + 8, little);
  }
  return 1;
}

/** A picture turned upright. */
function turned({ data, width, height }, how) {
  if (!(how >= 2 && how <= 8)) return { data, width, height };
  const [across, down] = how > 4 ? [height, width] : [width, height];
  const from = {
    2: (x, y) => [width - 1 - x, y],
    3: (x, y) => [width - 1 - x, height - 1 - y],
    4: (x, y) => [x, height - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y) => [y, height - 1 - x],
    7: (x, y) => [width - 1 - y, height - 1 - x],
    8: (x, y) => [width - 1 - y, x],
  }[how];
  const pixels = new Uint8Array(data.length);
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const [left, top] = from(x, y);
      const source = 4 * (top * width + left);
      pixels.set(data.subarray(source, source + 4), 4 * (y * across + x));
    }
  }
  return { data: pixels, width: across, height: down };
}
