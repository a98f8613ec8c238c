/** The coefficients of Wichura's rational functions, by rising power. */
const MIDDLE = {
  above: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227,
  ],
  below: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
};
const TAIL = {
  above: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  below: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
};

/**
 * The value that a standard normal variable stays below with this probability: algorithm AS 241 (Wichura, 1988).
 * `probability` from 2e-11 to 1 - 2e-11, where the relative error is about 1e-15; beyond that the error grows.
 */
export function normalQuantile(probability: number): number {
  const centered = probability - 0.5;
  if (Math.abs(centered) <= 0.425) return centered * ratio(MIDDLE, 0.180625 - centered * centered);
  const tail = Math.sqrt(-Math.log(Math.min(probability, 1 - probability)));
  return Math.sign(centered) * ratio(TAIL, tail - 1.6);
}

function ratio({ above, below }: { readonly above: readonly number[]; readonly below: readonly number[] }, at: number) {
  return polynomial(above, at) / polynomial(below, at);
}

function polynomial(coefficients: readonly number[], at: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * at + coefficient, 0);
}
