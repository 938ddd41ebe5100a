/**
 * Cases as text: the same text is run to check a case, and printed to show it. So what is printed is what failed.
 */
import * as deneb from "../../mod.ts";
import type { Plain } from "./kind.ts";

/** The names that `mod.ts` gives, of values alone. */
const names = Object.keys(deneb);

/** The data as an expression. JSON would not do, which has neither NaN nor -0. */
export function literal(value: Plain): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    if (Object.keys(value).length === 0) return "{}";
    return `{ ${Object.entries(value).map(([name, part]) => `${name}: ${literal(part)}`).join(", ")} }`;
  }
  return Object.is(value, -0) ? "-0" : typeof value === "string" ? JSON.stringify(value) : `${value}`;
}

/** The line that imports what a program's text names. */
export function importLine(text: string, always: readonly string[] = []): string {
  const used = names.filter((name) => always.includes(name) || new RegExp(`(?<![.\\w])${name}\\b(?!:)`).test(text));
  return `import { ${used.sort().join(", ")} } from "deneb";`;
}

/** The function of an async body, or of a plain one, that names what `mod.ts` gives and the given parameters. */
// deno-lint-ignore no-explicit-any -- the text decides what the function takes and gives.
export function compile(parameters: readonly string[], body: string): (...values: any[]) => any {
  const used = names.filter((name) => !parameters.includes(name) && new RegExp(`\\b${name}\\b`).test(body));
  const made = new Function("deneb", ...parameters, `"use strict"; const { ${used.join(", ")} } = deneb;\n${body}`);
  return (...values) => made(deneb, ...values);
}

/** The text with each line moved in by two spaces. */
export function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
