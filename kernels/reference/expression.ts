/**
 * Rows of the table as JavaScript closures: a small parser for the expression language of `table.json`, without `eval`.
 */
import { functions, integerFunctions } from "./functions.ts";

/** The variables of a row's expression: operands, scalars, the index and the running value. */
export interface Environment {
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
  s: number;
  t: number;
  u: number;
  i: number;
  r: number;
}

/** A parsed row. */
export type Evaluate = (env: Environment) => number;

type Operator = (x: number, y: number) => number;

/** Binary operators, the loosest level first; operators of a level associate to the left. */
const levels: Record<string, Operator>[] = [
  { "||": (x, y) => x !== 0 || y !== 0 ? 1 : 0 },
  { "&&": (x, y) => x !== 0 && y !== 0 ? 1 : 0 },
  { "|": (x, y) => x | y },
  { "^": (x, y) => x ^ y },
  { "&": (x, y) => x & y },
  { "==": (x, y) => x === y ? 1 : 0, "!=": (x, y) => x !== y ? 1 : 0 },
  {
    "<": (x, y) => x < y ? 1 : 0,
    "<=": (x, y) => x <= y ? 1 : 0,
    ">": (x, y) => x > y ? 1 : 0,
    ">=": (x, y) => x >= y ? 1 : 0,
  },
  { "<<": (x, y) => x << y, ">>": (x, y) => x >> y },
  { "+": (x, y) => x + y, "-": (x, y) => x - y },
  { "*": (x, y) => x * y, "/": (x, y) => x / y },
];

const integerOperators: Record<string, Operator> = {
  "+": (x, y) => (x + y) | 0,
  "-": (x, y) => (x - y) | 0,
  "*": Math.imul,
};

/**
 * Parses one row. With `integer`, sums and products wrap to 32 bits and only integer functions exist. `round` is
 * applied to every number and to the result of every operation; by default f64 results stay unrounded.
 */
export function parseRow(text: string, integer = false, round: (x: number) => number = (x) => x): Evaluate {
  const tokens =
    text.match(/\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[A-Za-z]\w*|==|!=|<=|>=|<<|>>|&&|\|\||[-+*/<>!~&|^?:(),]/g) ?? [];
  if (tokens.join("") !== text.replace(/\s+/g, "")) throw new SyntaxError(`Cannot parse row: "${text}"`);
  let at = 0;
  const take = (token: string): void => {
    if (tokens[at++] !== token) throw new SyntaxError(`Cannot parse row: "${text}" lacks ${token}`);
  };
  function choice(): Evaluate {
    const condition = binary(0);
    if (tokens[at] !== "?") return condition;
    at++;
    const yes = choice();
    take(":");
    const no = choice();
    return (env) => condition(env) !== 0 ? yes(env) : no(env);
  }
  function binary(level: number): Evaluate {
    if (level === levels.length) return unary();
    let left = binary(level + 1);
    for (let token = tokens[at]; token !== undefined && Object.hasOwn(levels[level]!, token); token = tokens[at]) {
      at++;
      const apply = (integer ? integerOperators[token] : undefined) ?? levels[level]![token]!;
      const x = left, y = binary(level + 1);
      left = (env) => round(apply(x(env), y(env)));
    }
    return left;
  }
  function unary(): Evaluate {
    const token = tokens[at++];
    if (token === undefined) throw new SyntaxError(`Cannot parse row: "${text}" ends early`);
    if (token === "-") {
      const x = unary();
      return integer ? (env) => (-x(env)) | 0 : (env) => -x(env);
    }
    if (token === "!") {
      const x = unary();
      return (env) => x(env) === 0 ? 1 : 0;
    }
    if (token === "~") {
      const x = unary();
      return (env) => ~x(env);
    }
    if (token === "(") {
      const inner = choice();
      take(")");
      return inner;
    }
    if (/^\d/.test(token)) {
      const value = round(Number(token));
      return () => value;
    }
    if (tokens[at] !== "(") {
      if (!/^[a-fstuir]$/.test(token)) throw new SyntaxError(`Cannot parse row: "${text}" names ${token}`);
      const name = token as keyof Environment;
      return (env) => env[name];
    }
    return call(token);
  }
  function call(name: string): Evaluate {
    const apply = (integer ? integerFunctions : functions)[name];
    if (apply === undefined) throw new SyntaxError(`Cannot parse row: "${text}" calls ${name}`);
    take("(");
    const x = choice();
    let y: Evaluate = () => 0;
    if (apply.length === 2 && tokens[at] === ",") {
      at++;
      y = choice();
    }
    take(")");
    if (!integer) return (env) => round(apply(x(env), y(env)));
    return (env) => apply(x(env), y(env)) | 0;
  }
  const row = choice();
  if (at !== tokens.length) throw new SyntaxError(`Cannot parse row: "${text}" goes on after its end`);
  return row;
}
