// The random numbers of gantk's models: Philox4x32-10 and Box-Muller, as docs/models.md describes them.
// `port` is an input of a model's card; `seed`, `sample` and `place` are BigInts.

const LOW = 0xffffffffn;

function philox([a, b, c, d], [low, high]) {
  for (let round = 0; round < 10; round++) {
    const one = a * 0xd2511f53n;
    const two = c * 0xcd9e8d57n;
    [a, b, c, d] = [(two >> 32n) ^ b ^ low, two & LOW, (one >> 32n) ^ d ^ high, one & LOW];
    [low, high] = [(low + 0x9e3779b9n) & LOW, (high + 0xbb67ae85n) & LOW];
  }
  return [a, b, c, d];
}

function uniform(port, seed, sample, place, attempt) {
  const words = philox([place / 4n, sample, BigInt(port.stream), attempt], [seed & LOW, seed >> 32n]);
  return (Number(words[place % 4n]) + 0.5) / 2 ** 32;
}

/** Returns the number at a place of a latent vector. */
export function latent(port, seed, sample, place, truncation = Infinity) {
  for (let attempt = 0n; ; attempt++) {
    const at = (place) => uniform(port, seed, sample, place, attempt);
    const even = place - (place % 2n);
    const turn = place % 2n ? Math.sin : Math.cos;
    const value =
      port.distribution === "uniform"
        ? 2 * at(place) - 1
        : Math.sqrt(-2 * Math.log(at(even))) * turn(2 * Math.PI * at(even + 1n));
    if (Math.abs(value) <= truncation) return Math.fround(value);
  }
}

/** Returns the index of a category. */
export function category(port, seed, sample) {
  return Math.floor(uniform(port, seed, sample, 0n, 0n) * port.categories);
}
