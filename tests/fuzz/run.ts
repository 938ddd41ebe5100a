/**
 * Draws cases of all kinds on all devices until the time is up, giving each kind on each device as much of it; shrinks
 * what fails. Case n of a kind depends on the seed and on n alone, so a find can be repeated by its number.
 */
import { scope, setDefaultDevice } from "../../mod.ts";
import { type Random, randomOf } from "../arrays.ts";
import type { Kind } from "./kind.ts";
import { shrink } from "./shrink.ts";

/** A fault: which case it was, what is wrong, and a program that shows it. */
export interface Find {
  kind: string;
  device: string;
  number: number;
  wrong: string;
  program: string;
}

/** How to run. */
export interface RunOptions {
  kinds: readonly Kind[];
  devices: readonly string[];
  seed: number;
  seconds: number;
  /** The number of the first case. */
  from?: number;
  /** The number of cases of each kind on each device after which its turn is over. */
  casesMax?: number;
  /** Seconds for shrinking one find. */
  shrinkSeconds?: number;
  /** Called before each case. */
  onCase?: (kind: string, device: string, number: number) => void;
  onFind?: (find: Find) => void;
}

/** What ran, by kind and device, and what was found: each fault once. */
export interface Report {
  counts: Record<string, Record<string, number>>;
  finds: Find[];
}

/** The numbers of case n. */
export function randomFor(seed: number, kind: string, number: number): Random {
  let hash = 2166136261;
  for (const letter of `${seed} ${kind} ${number}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619);
  return randomOf(hash);
}

/** All but numbers, lists and quoted text: what two finds of one fault have in common. */
function signatureOf(kind: Kind, wrong: string): string {
  return (kind.signature ?? ((text) => text.replace(/\[[^\]]*\]|"[^"]*"|-?\d[\d.e+-]*|-?Infinity|NaN/g, "#")))(wrong);
}

/** Checks a case. An error of the check itself is a fault too. */
async function checkCase(kind: Kind, each: unknown, device: string): Promise<string | null> {
  try {
    return await scope(async () => await kind.check(each, device));
  } catch (error) {
    return `the check ends in ${error instanceof Error ? error.stack ?? error.message : error}`;
  }
}

/** One kind on one device. */
interface Turn {
  kind: Kind;
  device: string;
  number: number;
  used: number;
}

export async function run(options: RunOptions): Promise<Report> {
  const { kinds, devices, seed, seconds, from = 0, casesMax = Infinity, shrinkSeconds = 15 } = options;
  const turns: Turn[] = kinds.flatMap((kind) =>
    (kind.onDevices ? devices : devices.slice(0, 1)).map((device) => ({ kind, device, number: from, used: 0 }))
  );
  const report: Report = { counts: {}, finds: [] }, seen = new Set<string>();
  for (let spent = 0; spent < 1000 * seconds;) {
    const waiting = turns.filter(({ number }) => number < from + casesMax);
    if (waiting.length === 0) break;
    const turn = waiting.reduce((least, one) => one.used < least.used ? one : least);
    const { kind, device } = turn, number = turn.number++, begun = performance.now();
    options.onCase?.(kind.name, device, number);
    await setDefaultDevice(device);
    const drawn = kind.draw(randomFor(seed, kind.name, number)), wrong = await checkCase(kind, drawn, device);
    const counts = report.counts[kind.name] ??= {};
    counts[device] = (counts[device] ?? 0) + 1;
    const used = performance.now() - begun;
    turn.used += used;
    spent += used;
    if (wrong === null) continue;
    const signature = `${kind.name} ${signatureOf(kind, wrong)}`;
    if (seen.has(signature)) continue;
    seen.add(signature);
    const until = performance.now() + 1000 * shrinkSeconds;
    const small = await shrink(drawn, async (candidate) => {
      const found = await checkCase(kind, candidate, device);
      return found !== null && `${kind.name} ${signatureOf(kind, found)}` === signature;
    }, { simpler: kind.simpler?.bind(kind), until });
    const find: Find = {
      kind: kind.name,
      device,
      number,
      wrong: await checkCase(kind, small, device) ?? wrong,
      program: kind.show(small, device),
    };
    report.finds.push(find);
    options.onFind?.(find);
  }
  return report;
}
