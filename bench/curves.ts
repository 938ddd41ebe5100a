/**
 * The growth of a step's cost with its batch and with the net's depth: the captured training step of the MNIST net at sizes
 * that double. If the cost is linear, each further sample or block takes the same time.
 */
import type { Bound, Measured, Workload } from "./measure.ts";
import { type Mode, trainMnist } from "./workloads.ts";

/** One point of a curve: a workload of one size. */
export interface Point {
  /** The thing whose number is the size: samples of the batch or blocks of the net. */
  of: "sample" | "block";
  size: number;
  make: (mode: Mode) => Workload;
}

const batches = [32, 64, 128, 256, 512, 1024, 2048], depths = [1, 2, 4, 8, 16], depthBatch = 128;

/** Numbers of steps that together take some fifty milliseconds. */
function steps(batch: number, blocks = 3): { perRound: number; warm: number } {
  const perRound = Math.ceil(32_000 / batch / (1 + blocks));
  return { perRound, warm: Math.max(20, perRound) };
}

/** The points by their names as workloads, smaller sizes first. */
export const curves: Record<string, Point> = {
  ...Object.fromEntries(batches.map((size): [string, Point] => [
    `curve-batch-${size}`,
    { of: "sample", size, make: (mode) => trainMnist(mode, size, steps(size)) },
  ])),
  ...Object.fromEntries(depths.map((size): [string, Point] => [
    `curve-blocks-${size}`,
    {
      of: "block",
      size,
      make: (mode) => trainMnist(mode, depthBatch, { blocks: size, ...steps(depthBatch, size) }),
    },
  ])),
};

/** The headings of the columns of {@linkcode curveRow}. */
export const curveHead = ["workload".padEnd(16), "a step", "for each", "each further", "GFLOP/s", "of bound"]
  .map((word) => word.padStart(12)).join("  ");

/** A point as a row for people: the time of a step, that time for each unit, and the time of each unit more than before. */
export function curveRow(
  { workload, median }: Measured,
  { flops = 0 }: Workload,
  { of, size }: Point,
  before: { point: Point; median: number } | null,
  bound: Bound | null,
): string {
  const time = 1e6 / median, rate = flops * median / 1e9;
  const cells = [`${time.toFixed(0)} us`, `${(time / size).toFixed(2)} us`];
  const known = before !== null && before.point.of === of;
  cells.push(known ? `${((time - 1e6 / before.median) / (size - before.point.size)).toFixed(2)} us` : "");
  cells.push(rate.toFixed(1), bound === null ? "" : `${Math.round(rate / bound.gflops * 100)} %`);
  return [workload.padEnd(16), ...cells.map((cell) => cell.padStart(12))].join("  ");
}
