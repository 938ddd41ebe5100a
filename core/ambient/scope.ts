/**
 * Scopes, which own new tensors, and the state of a task: its innermost scope and its modes.
 *
 * Code that runs without interruption shares one state. `await scope(async () => ...)` gives its task a state of its own,
 * which `AsyncLocalStorage` carries across each `await`, so that interleaving tasks never see one another's scope.
 */
import { checkFunction } from "../pure/check.ts";

/** Something that a scope frees at its end: a tensor. */
export interface Owned {
  /** The scope that will free it; null if none does. */
  owner: Scope | null;
  /** The member that the scope took over before this one. */
  older: Owned | null;
  /** The member that the scope took over after this one. */
  newer: Owned | null;
  /** Gives the memory back; `by` is named to whoever reads it afterwards. */
  free(by: Scope): void;
  /** Called when the member leaves every scope: from then on only the garbage collector can free it. */
  unowned(): void;
}

/** The state of one task: its innermost scope, and the modes of `modes.ts`. */
export interface Ambient {
  scope: Scope | null;
  gradients: boolean;
  autocast: AutocastType | null;
}

/** The types in which `autocast` may compute products. */
export type AutocastType = "float16" | "bfloat16";

interface Carrier {
  getStore(): Ambient | undefined;
  run<T>(state: Ambient, body: () => T): T;
}

/** The state of a task in which nothing was opened or switched yet. */
function freshState(): Ambient {
  return { scope: null, gradients: true, autocast: null };
}

const root = freshState();
/** Carries states across `await`. It exists from the first asynchronous scope on; until then all code shares the root. */
let carrier: Carrier | null = null;

/** The state of the task at hand. */
export function ambient(): Ambient {
  return carrier === null ? root : carrier.getStore() ?? root;
}

function openCarrier(): Carrier | null {
  if (carrier !== null) return carrier;
  // The module is asked for rather than imported, so that browsers, which lack it, still load this file.
  // deno-lint-ignore no-explicit-any
  const runtime = (globalThis as any).process;
  const hooks = runtime?.getBuiltinModule?.("node:async_hooks");
  if (hooks) carrier = new hooks.AsyncLocalStorage() as Carrier;
  return carrier;
}

/** A stretch of code whose tensors are freed together. Made by {@linkcode scope}. */
export class Scope implements Disposable {
  readonly #parent: Scope | null;
  readonly #state: Ambient;
  /** What opened the scope: a name, or an error whose stack leads there; null if no stack was taken. */
  readonly #opener: string | Error | null;
  /** The end of a chain through all members. Any member can leave it, so that a scope around a long loop does not grow. */
  #newest: Owned | null = null;
  #open = true;

  /** @ignore */
  constructor(state: Ambient, opener: string | Error | null = stackHere()) {
    this.#state = state;
    this.#parent = state.scope;
    this.#opener = opener;
    state.scope = this;
  }

  /** Takes over a member that no scope owns. */
  add(member: Owned): void {
    const before = this.#newest;
    member.owner = this;
    member.older = before;
    if (before !== null) before.newer = member;
    this.#newest = member;
  }

  /** Lets one of its members go. */
  remove(member: Owned): void {
    const { older, newer } = member;
    if (older !== null) older.newer = newer;
    if (newer !== null) newer.older = older;
    else this.#newest = older;
    member.owner = member.older = member.newer = null;
  }

  /** Gives all members to another scope, or to none. */
  handOver(owner: Scope | null): void {
    while (this.#newest !== null) moveTo(this.#newest, owner);
  }

  /** The scope that was innermost when this one was opened. */
  get parent(): Scope | null {
    return this.#parent;
  }

  /** This scope, or the innermost around it that is still open; null if there is none. */
  get open(): Scope | null {
    return this.#open ? this : this.#parent?.open ?? null;
  }

  /** The scope that `keep()` moves tensors to. A scope of the library's own counts as part of the scope around it. */
  get enclosing(): Scope | null {
    return typeof this.#opener === "string" ? this.#parent?.enclosing ?? null : this.#parent;
  }

  /** Where the scope was opened: `train.ts:12`. If no stack was taken, all places of late stacks: `train.ts:12 or a.ts:7`. */
  get place(): string {
    if (typeof this.#opener === "string") return this.#opener;
    if (this.#opener !== null) return placeOf(this.#opener);
    return [...new Set(stacks.map(placeOf))].join(" or ");
  }

  /** Frees the members that are left. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    if (this.#state.scope !== this) {
      throw new Error(
        `Cannot close scope: the scope opened in ${this.place} is not the innermost; ` +
          "tasks that interleave must use await scope(async () => ...)",
      );
    }
    this.#open = false;
    this.#state.scope = this.#parent;
    let member = this.#newest;
    this.#newest = null;
    while (member !== null) {
      const next: Owned | null = member.older;
      member.owner = member.older = member.newer = null;
      member.free(this);
      member = next;
    }
  }
}

/** The first line outside this file that led to a scope. */
function placeOf({ stack = "" }: Error): string {
  for (const line of stack.split("\n").slice(1)) {
    if (line.includes("/core/ambient/scope.ts")) continue;
    const match = /([^/\\(\s]+:\d+):\d+\)?$/.exec(line);
    if (match) return match[1]!;
  }
  return "unknown place";
}

/** Stacks are taken of the first scopes, and later of one in `stackEvery`: a stack costs as much as ten small ops. */
const stacksAtFirst = 1024, stackEvery = 16;
/** The stacks that were taken last. A place that opens scopes in a loop is among them. */
const stacks: Error[] = [];
const stacksKept = 64;
let scopesOpened = 0;

function stackHere(): Error | null {
  const count = scopesOpened++;
  if (count >= stacksAtFirst && count % stackEvery !== 0) return null;
  const depth = Error.stackTraceLimit;
  // This function, the constructor and scope() stand above the caller.
  Error.stackTraceLimit = 5;
  const error = new Error();
  Error.stackTraceLimit = depth;
  stacks[(count < stacksAtFirst ? count : count / stackEvery) % stacksKept] = error;
  return error;
}

/** A scope of the library's own. It goes by a name, since a stack costs as much as ten small ops. */
export function innerScope(opener: string): Scope {
  return new Scope(ambient(), opener);
}

/** A scope of the library's own that stands in no other and is no task's innermost: `keep()` takes a tensor out for good. */
export function detachedScope(opener: string): Scope {
  return new Scope(freshState(), opener);
}

/**
 * Opens a scope: tensors made in it are freed at its end.
 *
 * `using _ = scope()` is for one task. Tasks that interleave write `await scope(async () => ...)`. Tensors that leave the
 * scope are passed to {@linkcode keep}; what is assigned to a parameter's `.data`, to `.grad` or to an optimizer's state
 * stays by itself. The memory of tensors outside all scopes is given back some time after the program can reach them no
 * more: garbage is collected whenever there may be 256 MiB of it, or 65,536 tensors.
 *
 * @example
 * ```ts
 * import { memory, scope, zeros } from "deneb";
 *
 * const before = memory().bytes;
 * {
 *   using _ = scope();
 *   zeros([256, 256]).add(1);
 * }
 * if (memory().bytes !== before) throw new Error("the scope leaked");
 * ```
 */
export function scope(): Scope;
/** Runs `body` in a scope of its task, which is carried across each `await` in it. */
export function scope<T>(body: () => Promise<T>): Promise<T>;
export function scope<T>(body?: () => Promise<T>): Scope | Promise<T> {
  const state = ambient();
  if (body === undefined) return new Scope(state);
  checkFunction("open scope", body);
  const own: Ambient = { ...state };
  const run = async () => {
    const opened = new Scope(own);
    try {
      return await body();
    } finally {
      opened[Symbol.dispose]();
    }
  };
  const found = openCarrier();
  if (found) return found.run(own, run);
  // Without a carrier the task shares the root state: interleaving is caught when a scope closes out of order.
  return (async () => {
    using _ = new Scope(state);
    return await body();
  })();
}

/** The innermost scope, which owns new tensors, or null. */
export function currentScope(): Scope | null {
  return ambient().scope;
}

/** The surroundings of a call whose work is done later: its modes, and the scope that is to own what it makes. */
export class Surroundings {
  readonly #modes: Omit<Ambient, "scope">;
  readonly #scope: Scope | null;
  /** Owns what was made, until somebody can see it. */
  readonly #made: Scope = detachedScope("async()");

  constructor() {
    const { scope, ...modes } = ambient();
    this.#modes = modes;
    this.#scope = scope;
  }

  /** Runs a part of the work. */
  run<T>(body: () => T): T {
    const state = ambient(), before = { ...state };
    Object.assign(state, this.#modes, { scope: this.#made });
    try {
      return body();
    } finally {
      Object.assign(state, before);
    }
  }

  /** Gives what was made to the scope of the call, or to the innermost around it that is still open. */
  arrive(): void {
    this.#made.handOver(this.#scope?.open ?? null);
  }
}

/** Runs `body` outside all scopes: no scope frees the tensors that it makes. */
export function outsideScopes<T>(body: () => T): T {
  return inScope(null, body);
}

/** Runs `body` with another innermost scope, or outside all: it owns the tensors that `body` makes. */
export function inScope<T>(scope: Scope | null, body: () => T): T {
  const state = ambient(), before = state.scope;
  state.scope = scope;
  try {
    return body();
  } finally {
    state.scope = before;
  }
}

/** Moves `member` to the scope `owner`, or out of all scopes. */
export function moveTo(member: Owned, owner: Scope | null): void {
  if (member.owner === owner) return;
  member.owner?.remove(member);
  if (owner === null) member.unowned();
  else owner.add(member);
}
