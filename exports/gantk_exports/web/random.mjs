// The random numbers of gantk's models: Philox4x32-10 and Box-Muller, as docs/models.md describes them.
// `port` is an input of a model's card, `seed` a BigInt, `sample` a number.

/** The upper 32 bits of a product of two numbers of 32 bits. */
function upper(one, two) {
  const [low, high, lower, higher] = [one & 0xffff, one >>> 16, two & 0xffff, two >>> 16];
  const middle = high * lower + ((low * lower) >>> 16);
  const other = low * higher + (middle & 0xffff);
  return high * higher + (middle >>> 16) + (other >>> 16);
}

/** Returns four words: those of a block of an input's numbers. */
function philox(a, b, c, d, seed) {
  let low = Number(BigInt.asUintN(32, seed));
  let high = Number(seed >> 32n);
  for (let round = 0; round < 10; round++) {
    const [one, two] = [Math.imul(a, 0xd2511f53), Math.imul(c, 0xcd9e8d57)];
    [a, c] = [upper(c, 0xcd9e8d57) ^ b ^ low, upper(a, 0xd2511f53) ^ d ^ high];
    [b, d] = [two, one];
    low = (low + 0x9e3779b9) >>> 0;
    high = (high + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

function uniform(port, seed, sample, block, attempt) {
  return philox(block, sample, port.stream, attempt, seed).map((word) => ((word >>> 0) + 0.5) / 2 ** 32);
}

function numbers(port, ...at) {
  if (port.distribution === "zero") return [0, 0, 0, 0];
  const [first, second, third, fourth] = uniform(port, ...at);
  if (port.distribution === "uniform") return [2 * first - 1, 2 * second - 1, 2 * third - 1, 2 * fourth - 1];
  const [one, two] = [Math.sqrt(-2 * Math.log(first)), Math.sqrt(-2 * Math.log(third))];
  const [turn, other] = [2 * Math.PI * second, 2 * Math.PI * fourth];
  return [one * Math.cos(turn), one * Math.sin(turn), two * Math.cos(other), two * Math.sin(other)];
}

/** Returns a latent's numbers in a sample, as a Float32Array. */
export function latent(port, seed, sample, truncation = Infinity) {
  const values = new Float32Array(port.length);
  for (let first = 0; first < values.length; first += 4) {
    const wanted = new Set([0, 1, 2, 3]);
    for (let attempt = 0; wanted.size; attempt++) {
      const drawn = numbers(port, seed, sample, first / 4, attempt);
      for (const place of wanted) {
        if (Math.abs(drawn[place]) > truncation) continue;
        values[first + place] = drawn[place];
        wanted.delete(place);
      }
    }
  }
  return values;
}

/** Returns the index of a category in a sample. */
export function category(port, seed, sample) {
  return Math.floor(uniform(port, seed, sample, 0, 0)[0] * port.categories);
}
