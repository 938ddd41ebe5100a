/**
 * The language of Python's pickles, as far as `torch.save` writes it (protocols 2 to 5).
 *
 * A pickle is a program for a stack machine that may call any function of Python. This machine calls none: where the program
 * asks for a class or a function, it makes a note of the name and the arguments, a {@linkcode PickledObject}, and goes on.
 */

/** What a pickle would have made by calling Python: which class or function, with which arguments, and its state. */
export class PickledObject {
  /** The class or function, with its module: `argparse.Namespace`. */
  readonly name: string;
  /** What it would have been called with. */
  readonly args: readonly unknown[];
  /** The attributes that it would have been given; undefined if none. */
  state: unknown;

  /** @ignore */
  constructor(name: string, args: readonly unknown[]) {
    this.name = name;
    this.args = args;
  }
}

/** The name of a class or function, with its module. */
export class Global {
  constructor(readonly name: string) {}
}

/** A list of fixed length. It differs from a list where a call has its arguments in one. */
export class Tuple extends Array<unknown> {}

/** What stands for something that is kept outside the pickle: in files of PyTorch, the elements of a tensor. */
export class Outside {
  constructor(readonly id: unknown) {}
}

/** The values between two marks belong together: the items of a list, say. */
const mark = Symbol("mark");

/** The most values on the stack and in the memory of the machine: more than any net's file has. */
const most = 1 << 24;

/** Runs a pickle: its value, in which dicts are Maps. SyntaxError, which begins with `subject`, for what is no pickle. */
export function unpickle(bytes: Uint8Array, subject: string): unknown {
  return new Machine(bytes, subject).run();
}

class Machine {
  readonly #view: DataView;
  readonly #stack: unknown[] = [];
  readonly #memory = new Map<number, unknown>();
  #at = 0;

  constructor(readonly bytes: Uint8Array, readonly subject: string) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): unknown {
    for (;;) {
      const code = this.#byte();
      if (code === 0x2e) return this.#pop(); // STOP
      const step = steps[code];
      if (step === undefined) throw this.#wrong(`the code 0x${code.toString(16)} is none that torch.save writes`);
      step(this.#tools);
      if (this.#stack.length > most || this.#memory.size > most) throw this.#wrong("it makes too many values");
    }
  }

  /** What the steps of the machine may do. */
  readonly #tools: Tools = {
    push: (value) => void this.#stack.push(value),
    pop: () => this.#pop(),
    top: () => this.#stack.at(-1),
    marked: () => {
      const place = this.#stack.lastIndexOf(mark);
      if (place < 0) throw this.#wrong("a mark is missing");
      const values = this.#stack.splice(place);
      values.shift();
      return values;
    },
    unsigned: (size) => {
      const from = this.#take(size);
      return size === 1
        ? this.#view.getUint8(from)
        : size === 2
        ? this.#view.getUint16(from, true)
        : size === 4
        ? this.#view.getUint32(from, true)
        : Number(this.#view.getBigUint64(from, true));
    },
    int32: () => this.#view.getInt32(this.#take(4), true),
    float64: () => this.#view.getFloat64(this.#take(8), false),
    bytes: (length) => {
      const from = this.#take(length);
      return this.bytes.slice(from, from + length);
    },
    text: (length) => {
      const from = this.#take(length);
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
          this.bytes.subarray(from, from + length),
        );
      } catch {
        throw this.#wrong("a text is no UTF-8");
      }
    },
    line: () => {
      const end = this.bytes.indexOf(0x0a, this.#at);
      if (end < 0) throw this.#wrong("it ends inside a line");
      const text = new TextDecoder("latin1").decode(this.bytes.subarray(this.#at, end));
      this.#at = end + 1;
      return text;
    },
    remember: (place = this.#memory.size) => void this.#memory.set(place, this.#stack.at(-1)),
    recall: (place) => {
      if (!this.#memory.has(place)) throw this.#wrong(`it asks for value ${place}, which it has not kept`);
      this.#stack.push(this.#memory.get(place));
    },
    wrong: (reason) => this.#wrong(reason),
  };

  #byte(): number {
    return this.bytes[this.#take(1)]!;
  }

  /** The place of the next `length` bytes, which are then behind it. */
  #take(length: number): number {
    const from = this.#at;
    if (!(length <= this.bytes.length - from)) throw this.#wrong("it ends too early");
    this.#at = from + length;
    return from;
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw this.#wrong("it takes a value that it has not made");
    const value = this.#stack.pop();
    if (value === mark) throw this.#wrong("it takes a mark for a value");
    return value;
  }

  #wrong(reason: string): SyntaxError {
    return new SyntaxError(`${this.subject}: the pickle at byte ${this.#at}: ${reason}`);
  }
}

/** The hands of a step. */
interface Tools {
  push(value: unknown): void;
  pop(): unknown;
  top(): unknown;
  /** The values since the last mark, which are taken from the stack with it. */
  marked(): unknown[];
  /** The next number of `size` bytes. */
  unsigned(size: 1 | 2 | 4 | 8): number;
  int32(): number;
  float64(): number;
  bytes(length: number): Uint8Array;
  text(length: number): string;
  line(): string;
  /** Keeps the top of the stack under a number, the next one by default. */
  remember(place?: number): void;
  recall(place: number): void;
  wrong(reason: string): SyntaxError;
}

type Step = (tools: Tools) => void;

/** What each code does. Names are those of Python's `pickletools`. */
const steps: Record<number, Step> = {
  0x80: ({ unsigned }) => void unsigned(1), // PROTO
  0x95: ({ unsigned }) => void unsigned(8), // FRAME
  0x28: ({ push }) => push(mark), // MARK
  0x30: ({ pop }) => void pop(), // POP
  0x4e: ({ push }) => push(null), // NONE
  0x88: ({ push }) => push(true), // NEWTRUE
  0x89: ({ push }) => push(false), // NEWFALSE
  0x4b: ({ push, unsigned }) => push(unsigned(1)), // BININT1
  0x4d: ({ push, unsigned }) => push(unsigned(2)), // BININT2
  0x4a: ({ push, int32 }) => push(int32()), // BININT
  0x8a: ({ push, unsigned, bytes }) => push(integer(bytes(unsigned(1)))), // LONG1
  0x8b: ({ push, unsigned, bytes }) => push(integer(bytes(unsigned(4)))), // LONG4
  0x47: ({ push, float64 }) => push(float64()), // BINFLOAT
  0x58: ({ push, unsigned, text }) => push(text(unsigned(4))), // BINUNICODE
  0x8c: ({ push, unsigned, text }) => push(text(unsigned(1))), // SHORT_BINUNICODE
  0x8d: ({ push, unsigned, text }) => push(text(unsigned(8))), // BINUNICODE8
  0x55: ({ push, unsigned, bytes }) => push(new TextDecoder("latin1").decode(bytes(unsigned(1)))), // SHORT_BINSTRING
  0x42: ({ push, unsigned, bytes }) => push(bytes(unsigned(4))), // BINBYTES
  0x43: ({ push, unsigned, bytes }) => push(bytes(unsigned(1))), // SHORT_BINBYTES
  0x8e: ({ push, unsigned, bytes }) => push(bytes(unsigned(8))), // BINBYTES8
  0x96: ({ push, unsigned, bytes }) => push(bytes(unsigned(8))), // BYTEARRAY8
  0x5d: ({ push }) => push([]), // EMPTY_LIST
  0x61: (tools) => extend(tools, [tools.pop()]), // APPEND
  0x65: (tools) => extend(tools, tools.marked()), // APPENDS
  0x29: ({ push }) => push(new Tuple()), // EMPTY_TUPLE
  0x85: ({ push, pop }) => push(Tuple.of(pop())), // TUPLE1
  0x86: ({ push, pop }) => push(Tuple.from([pop(), pop()].reverse())), // TUPLE2
  0x87: ({ push, pop }) => push(Tuple.from([pop(), pop(), pop()].reverse())), // TUPLE3
  0x74: ({ push, marked }) => push(Tuple.from(marked())), // TUPLE
  0x7d: ({ push }) => push(new Map()), // EMPTY_DICT
  0x73: (tools) => { // SETITEM
    const value = tools.pop(), key = tools.pop();
    assign(tools, [key, value]);
  },
  0x75: (tools) => assign(tools, tools.marked()), // SETITEMS
  0x8f: ({ push }) => push(new Set()), // EMPTY_SET
  0x90: ({ marked, top, wrong }) => { // ADDITEMS
    const items = marked(), set = top();
    if (!(set instanceof Set)) throw wrong("it adds to what is no set");
    for (const item of items) set.add(item);
  },
  0x91: ({ push, marked }) => push(new Set(marked())), // FROZENSET
  0x63: ({ push, line }) => push(new Global(`${line()}.${line()}`)), // GLOBAL
  0x93: ({ push, pop }) => { // STACK_GLOBAL
    const name = pop(), module = pop();
    push(new Global(`${module}.${name}`));
  },
  0x52: call, // REDUCE
  0x81: call, // NEWOBJ
  0x92: (tools) => { // NEWOBJ_EX
    tools.pop();
    call(tools);
  },
  0x62: ({ pop, top }) => { // BUILD
    const state = pop(), value = top();
    // Attributes of a dict, such as the versions in PyTorch's state dicts, are no part of its items.
    if (value instanceof PickledObject) value.state = state;
  },
  0x51: ({ push, pop }) => push(new Outside(pop())), // BINPERSID
  0x71: ({ remember, unsigned }) => remember(unsigned(1)), // BINPUT
  0x72: ({ remember, unsigned }) => remember(unsigned(4)), // LONG_BINPUT
  0x94: ({ remember }) => remember(), // MEMOIZE
  0x68: ({ recall, unsigned }) => recall(unsigned(1)), // BINGET
  0x6a: ({ recall, unsigned }) => recall(unsigned(4)), // LONG_BINGET
};

function extend({ top, wrong }: Tools, items: readonly unknown[]): void {
  const list = top();
  if (list instanceof PickledObject) return; // A list of a class of its own: its items are left out.
  if (!Array.isArray(list)) throw wrong("it appends to what is no list");
  for (const item of items) list.push(item);
}

function assign({ top, wrong }: Tools, items: readonly unknown[]): void {
  const dict = top();
  if (dict instanceof PickledObject) return; // A dict of a class of its own: its items are left out.
  if (!(dict instanceof Map) || items.length % 2 !== 0) throw wrong("it sets items of what is no dict");
  for (let k = 0; k < items.length; k += 2) dict.set(items[k], items[k + 1]);
}

/** The containers of Python that are made by a call, from what they are called with. */
const containers: Readonly<Record<string, (args: Tuple) => unknown>> = {
  "collections.OrderedDict": () => new Map(),
  "collections.defaultdict": () => new Map(),
  "__builtin__.set": ([items]) => new Set(items as Iterable<unknown>),
  "builtins.set": ([items]) => new Set(items as Iterable<unknown>),
  "torch.Size": ([sizes]) => sizes,
};

/** A call of Python's: noted, not done, but for empty and filled containers. */
function call({ push, pop, wrong }: Tools): void {
  const args = pop(), what = pop();
  if (!(what instanceof Global) || !(args instanceof Tuple)) throw wrong("it calls what is no function");
  const container = Object.hasOwn(containers, what.name) &&
    args.every((each) => Array.isArray(each) || each instanceof Global);
  push(container ? containers[what.name]!(args) : new PickledObject(what.name, args));
}

/** An integer in two's complement, little-endian, of any length: a number where that is exact, else a bigint. */
function integer(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (const byte of bytes.toReversed()) value = value << 8n | BigInt(byte);
  const signed = BigInt.asIntN(8 * bytes.length, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}
