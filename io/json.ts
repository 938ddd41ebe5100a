/**
 * JSON as file headers need it: the same text must not mean two things, so a repeated key is an error here, where
 * `JSON.parse` silently keeps the last one.
 */

/** Parses `text`; SyntaxError, worded after `action`, when it is not JSON or repeats a key within an object. */
export function parseStrictJson(action: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot ${action}: the header is not JSON (${(cause as Error).message})`, { cause });
  }
  const repeated = findRepeatedKey(text);
  if (repeated !== null) {
    throw new SyntaxError(`Cannot ${action}: the header names ${JSON.stringify(repeated)} twice`);
  }
  return value;
}

/** Walks text that is known to be valid JSON; arrays stand on the stack as null, objects as the keys seen so far. */
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
