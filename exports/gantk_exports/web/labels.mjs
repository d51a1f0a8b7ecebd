// Label maps: the ids of a picture's classes by the palette of a model's card, as gantk reads them, and their colours.

/** The ids of a label map {data, width, height} of RGBA bytes. Throws, with the nearest class, where a value is of none. */
export function idsOf({ palette, dtype }, { data, width, height }) {
  let problem;
  const grey = isGrey(data);
  for (const values of readings(palette, grey)) {
    const table = new Map(values.map((value, id) => [code(value), id]));
    const ids = new (dtype === "uint16" ? Uint16Array : Uint8Array)(width * height);
    const lone = values[0].length === 1;
    const at = (pixel) => (lone ? data[4 * pixel] : (data[4 * pixel] << 16) | (data[4 * pixel + 1] << 8) | data[4 * pixel + 2]);
    let pixel = 0;
    for (; pixel < ids.length; pixel++) {
      const id = table.get(at(pixel));
      if (id === undefined) break;
      ids[pixel] = id;
    }
    if (pixel === ids.length) return ids;
    const strange = [0, 1, 2].slice(0, values[0].length).map((channel) => data[4 * pixel + channel]);
    if (!problem || (grey && lone)) problem = unknown(strange, values, palette.names);
  }
  throw new Error(problem);
}

/** A label map in the colours of its classes, as RGBA bytes. */
export function coloured({ palette }, ids, width, height) {
  const data = new Uint8ClampedArray(4 * ids.length).fill(255);
  ids.forEach((id, pixel) => data.set(palette.colours[id], 4 * pixel));
  return { data, width, height };
}

/** The centre, [rows, columns] large, of a label map that is scaled until it just covers that, each pixel the nearest. */
export function nearest(ids, width, height, [rows, columns]) {
  if (width === columns && height === rows) return ids;
  const factor = Math.max(columns / width, rows / height);
  const [down, across] = [places(height, rows, factor), places(width, columns, factor)];
  const result = new ids.constructor(rows * columns);
  down.forEach((from, row) => across.forEach((place, column) => (result[row * columns + column] = ids[from * width + place])));
  return result;
}

function places(old, size, factor) {
  const fresh = Math.max(size, Math.round(old * factor));
  const first = Math.floor((fresh - size) / 2);
  return Array.from({ length: size }, (_, index) => Math.floor(((2 * (first + index) + 1) * old) / (2 * fresh)));
}

/** What the values may mean, the likeliest first: those of the training's files, the colours that are shown, or ids. */
function readings({ values, colours }, grey) {
  if (values[0].length > 1) return [values, ...(grey ? [values.map((_, id) => [id])] : [])];
  const apart = new Set(colours.map(code)).size === colours.length;
  return [...(grey ? [values] : []), ...(apart || !grey ? [colours] : [])];
}

function isGrey(data) {
  for (let at = 0; at < data.length; at += 4) if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return false;
  return true;
}

const code = (value) => value.reduce((sum, part) => sum * 256 + part, 0);

function unknown(strange, values, names) {
  const apart = values.map((value) => value.reduce((sum, part, place) => sum + (part - strange[place]) ** 2, 0));
  const near = apart.indexOf(Math.min(...apart));
  const said = (value) => (value.length === 1 ? `${value[0]}` : `0x${code(value).toString(16).padStart(6, "0")}`);
  const name = names[near] === said(values[near]) ? "" : ` (${names[near]})`;
  return `a label map holds the value ${said(strange)}, which is no class; the nearest is ${said(values[near])}${name}`;
}
