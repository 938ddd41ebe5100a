/** How a workload is timed, and how the result is printed: one JSON line, or a row for people. */

/** One unit of a workload, and what it costs. */
export interface Workload {
  unit: string;
  /** Does the unit once. */
  run: () => void;
  /** Units per measured round. */
  perRound: number;
  /** What a unit counts for: GFLOP in a product, else 1. */
  scale?: number;
  warm?: number;
  /** Floating-point operations of a unit in its matrix products, or bytes that it must move at least. */
  flops?: number;
  bytes?: number;
}

/** What is printed for each workload. */
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

/** Rates of `rounds` rounds, in units per second, sorted. `finish` waits for a device that works behind the caller's back. */
export function measure(
  { run, perRound, scale = 1, warm = 5 }: Workload,
  rounds: number,
  finish: () => void = () => {},
): number[] {
  // Units enough for the just-in-time compiler to have seen all it needs.
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

/** Median, least and most of sorted figures. */
export function spread(sorted: readonly number[]): Pick<Measured, "median" | "min" | "max"> {
  const round = (figure: number) => Math.round(figure * 1000) / 1000;
  return { median: round(sorted[sorted.length >> 1]!), min: round(sorted[0]!), max: round(sorted.at(-1)!) };
}

/** The machine's own bounds on as many threads: products without memory, and a copy without arithmetic. */
export interface Bound {
  gflops: number;
  gigabytes: number;
}

/** `measured` for people, beside what the machine could do at best. */
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
