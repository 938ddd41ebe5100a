/** Events as a flame graph: a bar for each module above those inside it, as wide as the time that it took. */
import { kindOf, type ProfileEvent } from "./events.ts";

/** A module, or an op at the end of the way to it. */
interface Bar {
  readonly name: string;
  milliseconds: number;
  readonly inside: Map<string, Bar>;
}

const width = 1200, height = 20;
/** Bars of fewer pixels are left out. */
const widthLeast = 0.5;
/** Pixels that a letter takes. */
const letter = 7;

/** The events as SVG, which needs no script: the text of a bar that is too narrow for it is shown where the pointer rests. */
export function flameOf(events: readonly ProfileEvent[]): string {
  const root: Bar = { name: "all", milliseconds: 0, inside: new Map() };
  let deepest = 0;
  for (const event of events) {
    const path = [...(event.module === "" ? [] : event.module.split(".")), kindOf(event)];
    deepest = Math.max(deepest, path.length);
    let at = root;
    at.milliseconds += event.milliseconds;
    for (const name of path) {
      if (!at.inside.has(name)) at.inside.set(name, { name, milliseconds: 0, inside: new Map() });
      at = at.inside.get(name)!;
      at.milliseconds += event.milliseconds;
    }
  }
  const shapes: string[] = [], scale = root.milliseconds > 0 ? width / root.milliseconds : 0;
  const stack: [bar: Bar, left: number, depth: number][] = [[root, 0, 0]];
  while (stack.length > 0) {
    const [bar, left, depth] = stack.pop()!, wide = bar.milliseconds * scale;
    if (wide < widthLeast) continue;
    shapes.push(shapeOf(bar, left, depth * height, wide));
    let next = left;
    for (const each of bar.inside.values()) {
      stack.push([each, next, depth + 1]);
      next += each.milliseconds * scale;
    }
  }
  const high = (deepest + 1) * height;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${high}" viewBox="0 0 ${width} ${high}" ` +
    `font-family="monospace" font-size="11">\n${shapes.join("\n")}\n</svg>\n`;
}

function shapeOf({ name, milliseconds }: Bar, x: number, y: number, wide: number): string {
  const most = Math.floor((wide - 6) / letter),
    text = name.length <= most ? name : name.slice(0, Math.max(0, most - 1));
  const shown = text === "" ? "" : `<text x="${(x + 3).toFixed(2)}" y="${y + 14}">${escaped(text)}</text>`;
  return `<g><title>${escaped(name)}: ${milliseconds.toFixed(3)} ms</title><rect x="${x.toFixed(2)}" y="${y}" ` +
    `width="${wide.toFixed(2)}" height="${height - 1}" fill="hsl(${hueOf(name)} 70% 75%)"/>${shown}</g>`;
}

/** A colour between red and yellow that a name keeps. */
function hueOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)!) % 1009;
  return hash % 60;
}

/** A text as XML has it. Characters that XML does not have are left out. */
function escaped(text: string): string {
  // deno-lint-ignore no-control-regex -- those are what is left out.
  const printable = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
  return printable.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
