/** Rows of a profile as a text table. */
import type { ProfileRow } from "./events.ts";

/** A table with a head; numbers stand at the right. At most `most` rows, and a line for the rest. */
export function tableOf(title: string, rows: readonly ProfileRow[], most: number): string {
  const head = [title, "count", "ms", "share", "us each", "GFLOP/s", "GB/s"];
  const lines = rows.slice(0, most).map((row) => [
    row.name === "" ? "(no module)" : row.name,
    String(row.count),
    row.milliseconds.toFixed(3),
    `${(100 * row.share).toFixed(1)} %`,
    (1000 * row.milliseconds / row.count).toFixed(1),
    row.gigaflops.toFixed(2),
    row.gigabytes.toFixed(2),
  ]);
  const all = [head, ...lines], widths = head.map((_, k) => Math.max(...all.map((line) => line[k]!.length)));
  const text = all.map((line) =>
    line.map((cell, k) => k === 0 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!)).join("  ").trimEnd()
  );
  const rest = rows.length > most ? [`... ${rows.length - most} more`] : [];
  return [...text, ...rest].join("\n");
}
