/**
 * JSON for file headers, in which a repeated key is an error: `JSON.parse` keeps the last value and other readers the
 * first, so that one file would mean two things.
 */

/** How much of what a file says messages show. */
const shownMost = 200;

/** A value of a file's header as messages show it. */
export function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= shownMost ? text : `${text.slice(0, shownMost)}...`;
}

/** Parses `text`. SyntaxError, which begins with `action`, if the text is not JSON or repeats a key within an object. */
export function parseStrictJson(action: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot ${action}: the header is not JSON (${(cause as Error).message})`, { cause });
  }
  const repeated = findRepeatedKey(text);
  if (repeated !== null) {
    throw new SyntaxError(`Cannot ${action}: the header names ${brief(repeated)} twice`);
  }
  return value;
}

/** The first repeated key in valid JSON. On the stack an array is null, and an object the set of its keys so far. */
function findRepeatedKey(text: string): string | null {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") open.push(new Set());
    else if (character === "[") open.push(null);
    else if (character === "}" || character === "]") open.pop();
    else if (character === '"') {
      const start = at++;
      while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
      const keys = open.at(-1);
      if (!keys || !isBeforeColon(text, at + 1)) continue;
      const key = JSON.parse(text.slice(start, at + 1)) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return null;
}

function isBeforeColon(text: string, at: number): boolean {
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return text[at] === ":";
}
