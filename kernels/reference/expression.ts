/**
 * Rows of the table as JavaScript closures: a small parser for the expression language of `table.json`, without `eval`.
 */
import type { Arithmetic, Numeric } from "./arithmetic.ts";

/** The variables of a row's expression: operands, scalars, the index and the running value. */
export interface Environment<N> {
  a: N;
  b: N;
  c: N;
  d: N;
  e: N;
  f: N;
  s: N;
  t: N;
  u: N;
  i: N;
  r: N;
}

/** A parsed row. */
export type Evaluate<N> = (env: Environment<N>) => N;

/** Binary operators, the loosest level first; operators of a level associate to the left. */
const levels: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", "<=", ">", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/"],
];

/** Operators whose value is true or false, of numbers and of bigints. */
const relations: Record<string, (x: Numeric, y: Numeric) => boolean> = {
  "||": (x, y) => isTrue(x) || isTrue(y),
  "&&": (x, y) => isTrue(x) && isTrue(y),
  "==": (x, y) => x === y,
  "!=": (x, y) => x !== y,
  "<": (x, y) => x < y,
  "<=": (x, y) => x <= y,
  ">": (x, y) => x > y,
  ">=": (x, y) => x >= y,
};

/** Whether a number counts as true: NaN does, too. */
function isTrue(x: Numeric): boolean {
  return x !== 0 && x !== 0n;
}

/** Parses one row, whose numbers, operators and functions mean what `arithmetic` says. */
export function parseRow<N extends Numeric>(text: string, arithmetic: Arithmetic<N>): Evaluate<N> {
  const { of, round } = arithmetic;
  const tokens =
    text.match(/\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[A-Za-z]\w*|==|!=|<=|>=|<<|>>|&&|\|\||[-+*/<>!~&|^?:(),]/g) ?? [];
  if (tokens.join("") !== text.replace(/\s+/g, "")) throw new SyntaxError(`Cannot parse row: "${text}"`);
  let at = 0;
  const take = (token: string): void => {
    if (tokens[at++] !== token) throw new SyntaxError(`Cannot parse row: "${text}" lacks ${token}`);
  };
  function choice(): Evaluate<N> {
    const condition = binary(0);
    if (tokens[at] !== "?") return condition;
    at++;
    const yes = choice();
    take(":");
    const no = choice();
    return (env) => isTrue(condition(env)) ? yes(env) : no(env);
  }
  function binary(level: number): Evaluate<N> {
    if (level === levels.length) return unary();
    let left = binary(level + 1);
    for (let token = tokens[at]; token !== undefined && levels[level]!.includes(token); token = tokens[at]) {
      at++;
      const relation = relations[token], operator = arithmetic.operators[token], x = left, y = binary(level + 1);
      if (relation !== undefined) left = (env) => of(Number(relation(x(env), y(env))));
      else if (operator !== undefined) left = (env) => round(operator(x(env), y(env)));
      else throw new SyntaxError(`Cannot parse row: "${text}" has ${token}, which its numbers lack`);
    }
    return left;
  }
  function unary(): Evaluate<N> {
    const token = tokens[at++];
    if (token === undefined) throw new SyntaxError(`Cannot parse row: "${text}" ends early`);
    if (token === "-") {
      const x = unary();
      return (env) => arithmetic.negate(x(env));
    }
    if (token === "!") {
      const x = unary();
      return (env) => of(isTrue(x(env)) ? 0 : 1);
    }
    if (token === "~") {
      const x = unary();
      return (env) => arithmetic.complement(x(env));
    }
    if (token === "(") {
      const inner = choice();
      take(")");
      return inner;
    }
    if (/^\d/.test(token)) {
      const value = of(Number(token));
      return () => value;
    }
    if (tokens[at] !== "(") {
      if (!/^[a-fstuir]$/.test(token)) throw new SyntaxError(`Cannot parse row: "${text}" names ${token}`);
      const name = token as keyof Environment<N>;
      return (env) => env[name];
    }
    return call(token);
  }
  function call(name: string): Evaluate<N> {
    const apply = arithmetic.functions[name];
    if (apply === undefined) throw new SyntaxError(`Cannot parse row: "${text}" calls ${name}`);
    take("(");
    const x = choice();
    let y: Evaluate<N> = () => of(0);
    if (apply.length === 2 && tokens[at] === ",") {
      at++;
      y = choice();
    }
    take(")");
    return (env) => round(apply(x(env), y(env)));
  }
  const row = choice();
  if (at !== tokens.length) throw new SyntaxError(`Cannot parse row: "${text}" goes on after its end`);
  return row;
}
