// Images brought to another size as gantk's training does it: shrinking averages areas, growing is bicubic.

const SHARPNESS = -0.75; // Parameter of the cubic kernel (Keys 1981) that OpenCV has.

/** The centre, [rows, columns] large, of an image that is scaled until it just covers that: bytes of `channels`. */
export function fitted(pixels, width, height, channels, [rows, columns]) {
  if (width === columns && height === rows) return pixels;
  const factor = Math.max(columns / width, rows / height);
  return resized(pixels, width, height, channels, {
    columns: weights(width, Math.max(columns, even(width * factor)), columns),
    rows: weights(height, Math.max(rows, even(height * factor)), rows),
  });
}

function resized(pixels, width, height, channels, { rows, columns }) {
  const lines = new Float32Array(rows.length * width * channels);
  rows.forEach((taps, row) => {
    const line = lines.subarray(row * width * channels, (row + 1) * width * channels);
    for (const [from, weight] of taps) {
      const source = from * width * channels;
      for (let i = 0; i < line.length; i++) line[i] += weight * pixels[source + i];
    }
  });
  const result = new Uint8Array(rows.length * columns.length * channels);
  let at = 0;
  for (let row = 0; row < rows.length; row++) {
    for (const taps of columns) {
      for (let channel = 0; channel < channels; channel++) {
        let value = 0;
        for (const [from, weight] of taps) value += weight * lines[(row * width + from) * channels + channel];
        result[at++] = Math.min(255, Math.max(0, even(value)));
      }
    }
  }
  return result;
}

/** For each of the central `size` of `fresh` pixels, the old ones that it is made of: [place, weight]. */
function weights(old, fresh, size) {
  const ratio = old / fresh;
  const first = Math.floor((fresh - size) / 2);
  return Array.from({ length: size }, (_, index) => (ratio >= 1 ? area : cubic)(first + index, ratio, old));
}

function area(number, ratio, old) {
  const taps = [];
  const [begin, end] = [number * ratio, (number + 1) * ratio];
  for (let place = Math.floor(begin); place < Math.min(end, old); place++) {
    const overlap = Math.min(place + 1, end) - Math.max(place, begin);
    if (overlap > 0) taps.push([place, overlap / ratio]);
  }
  return taps;
}

function cubic(number, ratio, old) {
  const centre = (number + 0.5) * ratio - 0.5;
  return [-1, 0, 1, 2].map((step) => {
    const place = Math.floor(centre) + step;
    const x = Math.abs(place - centre);
    const near = ((SHARPNESS + 2) * x - (SHARPNESS + 3)) * x * x + 1;
    const far = SHARPNESS * (((x - 5) * x + 8) * x - 4);
    return [Math.min(old - 1, Math.max(0, place)), x <= 1 ? near : far];
  });
}

/** Rounds halves to the even number, as NumPy does. */
function even(value) {
  const down = Math.floor(value);
  const rest = value - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}
