/** Prometheus text, as its Python client writes it. */

type Labels = Readonly<Record<string, string>>;

type Head = { readonly name: string; readonly help: string };

export function sample(kind: 'gauge' | 'counter', { name, help }: Head, labels: Labels, value: number): string {
  return `${head(kind, { name, help })}${line(name, labels, value)}`;
}

export type Histogram = {
  observe(value: number): void;
  text(labels: Labels): string;
};

export function createHistogram(of: Head, bounds: readonly number[]): Histogram {
  const counts = bounds.map(() => 0);
  let count = 0;
  let sum = 0;
  return {
    observe: (value) => {
      count += 1;
      sum += value;
      for (const [index, bound] of bounds.entries()) if (value <= bound) counts[index] = (counts[index] ?? 0) + 1;
    },
    text: (labels) => {
      const buckets = bounds.map((bound, index) => bucket(of.name, labels, number(bound), counts[index] ?? 0));
      const whole = bucket(of.name, labels, '+Inf', count);
      const totals = line(`${of.name}_count`, labels, count) + line(`${of.name}_sum`, labels, sum);
      return head('histogram', of) + buckets.join('') + whole + totals;
    },
  };
}

function bucket(name: string, labels: Labels, bound: string, count: number): string {
  return line(`${name}_bucket`, { ...labels, le: bound }, count);
}

function head(kind: string, { name, help }: Head): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, text]) => `${label}="${text}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}\n`;
}

/** A float always, and from a million on with an exponent. */
function number(value: number): string {
  const [whole = '0', fraction = '0'] = String(value).split('.');
  if (whole.length <= 6 || value < 0) return `${whole}.${fraction}`;
  const mantissa = `${whole.slice(0, 1)}.${whole.slice(1)}${fraction}`.replace(/[.0]+$/, '');
  return `${mantissa}e+0${whole.length - 1}`;
}
