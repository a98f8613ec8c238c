/** A token at random, each as likely as its weight. One random number decides: the same number, the same token. */
import { nextIn, weightOf } from './bins.ts';
import { isInside, type Nucleus } from './nucleus.ts';

export function draw(logits: Float32Array, nucleus: Nucleus, random: () => number): number {
  return nucleus.kind === 'equal' ? drawEqual(logits, nucleus, random()) : drawByBins(logits, nucleus, random());
}

type Of<Kind extends Nucleus['kind']> = Extract<Nucleus, { kind: Kind }>;

function drawEqual(logits: Float32Array, { lowest, count }: Of<'equal'>, random: number): number {
  let before = Math.floor(random * count);
  let token = 0;
  while (logits[token] !== lowest || before-- > 0) token++;
  return token;
}

/**
 * Whole bins are skipped by their sums, and only the tokens of one bin are weighed. The probabilities are as exact as the
 * sums (`WEIGHT_ERROR`). A token that is in no bin is not drawn; at 131,072 tokens, all of these together have a
 * probability of at most 1.2e-11.
 */
function drawByBins(logits: Float32Array, nucleus: Of<'binned'>, random: number): number {
  const { bins } = nucleus;
  let left = random * nucleus.weight;
  // the first bin contains the highest logit; an empty one is never chosen, whatever rounding leaves at the end
  let bin = 0;
  for (let next = 1; next <= nucleus.bin && left >= (bins.sums[bin] ?? 0); next++) {
    if (bins.sums[next] === 0) continue;
    left -= bins.sums[bin] ?? 0;
    bin = next;
  }
  let chosen = 0;
  for (let token = nextIn(bin, bins, logits, 0); token < logits.length; token = nextIn(bin, bins, logits, token + 1)) {
    const logit = logits[token] ?? 0;
    if (!isInside(nucleus, token, logit)) continue;
    chosen = token;
    left -= weightOf(logit, bins.scale);
    if (left < 0) break;
  }
  return chosen;
}
