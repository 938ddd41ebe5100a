/** Times a workload, and prints the result as a row for people; as a JSON line it is printed by `main.ts`. */

/** A workload: a unit of work, how often it is done, and what it costs. */
export interface Workload {
  unit: string;
  /** Does the unit once. */
  run: () => void;
  /** Units per measured round. */
  perRound: number;
  /** The number that a unit counts for in the rate: the GFLOP of a product, else 1. */
  scale?: number;
  /** Units before the first round; 5 by default. */
  warm?: number;
  /** Floating-point operations of a unit in its matrix products. */
  flops?: number;
  /** Bytes that a unit must move at least. */
  bytes?: number;
}

/** The figures of a workload, as the JSON line has them. */
export interface Measured {
  peer: string;
  workload: string;
  unit: string;
  median: number;
  min: number;
  max: number;
  device: string;
  threads: number;
}

/** The rates of `rounds` rounds, in units per second, sorted. `finish` waits for a device that runs asynchronously. */
export function measure(
  { run, perRound, scale = 1, warm = 5 }: Workload,
  rounds: number,
  finish: () => void = () => {},
): number[] {
  // After these units the just-in-time compiler has compiled the code that matters.
  for (let k = 0; k < warm; k++) run();
  finish();
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    for (let k = 0; k < perRound; k++) run();
    finish();
    rates.push(perRound * scale / ((performance.now() - begun) / 1000));
  }
  return rates.sort((a, b) => a - b);
}

/** The median, the least and the largest of sorted figures. */
export function spread(sorted: readonly number[]): Pick<Measured, "median" | "min" | "max"> {
  const round = (figure: number) => Math.round(figure * 1000) / 1000;
  return { median: round(sorted[sorted.length >> 1]!), min: round(sorted[0]!), max: round(sorted.at(-1)!) };
}

/** The machine's own bounds on as many threads: arithmetic in registers, and memory that is copied or changed in place. */
export interface Bound {
  gflops: number;
  gigabytes: number;
}

/** A row for people: the rate, and its share of the machine's bound. */
export function tableRow(
  { workload, unit, median }: Measured,
  { flops, bytes, scale = 1 }: Workload,
  bound: Bound | null,
) {
  const perSecond = median / scale;
  const cells = [workload.padEnd(36), `${median.toFixed(median < 100 ? 2 : 0).padStart(9)} ${unit.padEnd(9)}`];
  const add = (amount: number | undefined, name: string, best: number | undefined) => {
    if (amount === undefined) return;
    const rate = amount * perSecond / 1e9;
    const share = best === undefined ? "" : `${Math.round(rate / best * 100)} %`;
    cells.push(`${rate.toFixed(1).padStart(8)} ${name.padEnd(7)} ${share.padStart(5)}`);
  };
  add(flops, "GFLOP/s", bound?.gflops);
  add(bytes, "GB/s", bound?.gigabytes);
  return cells.join("  ");
}
