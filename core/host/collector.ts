/**
 * The garbage collector, asked to run now and to tell at once what it found.
 *
 * JavaScript keeps whatever a WeakRef was made for, or showed, until the job at hand ends, and a loop that never awaits is
 * one job. V8 lets go of these objects at the end of any microtask checkpoint, and `node:vm` has one that runs no task of
 * the program: the checkpoint of a context with a queue of its own.
 */

/** What is used of `node:v8`. */
interface EngineModule {
  setFlagsFromString(flags: string): void;
}

/** What is used of `node:vm`. */
interface ContextModule {
  createContext(globals: object, options: { microtaskMode: "afterEvaluate" }): object;
  runInNewContext(code: string): unknown;
  Script: new (code: string) => { runInContext(context: object): unknown };
}

let collector: (() => void) | null = null;

/** Collects garbage now, where the runtime lets itself be asked; else nothing happens. */
export function collectGarbage(): void {
  collector ??= openCollector();
  collector?.();
}

function openCollector(): (() => void) | null {
  // The modules are asked for rather than imported, so that browsers, which lack them, still load this file.
  // deno-lint-ignore no-explicit-any
  const { process: runtime, gc } = globalThis as any;
  const engine: EngineModule | undefined = runtime?.getBuiltinModule?.("node:v8");
  const contexts: ContextModule | undefined = runtime?.getBuiltinModule?.("node:vm");
  if (engine === undefined || contexts === undefined) return null;
  try {
    const collect = gc ?? newCollector(engine, contexts);
    // The flag is the process's: another Worker may have taken it back meanwhile.
    if (typeof collect !== "function") return null;
    const context = contexts.createContext({}, { microtaskMode: "afterEvaluate" }), nothing = new contexts.Script("0");
    return () => {
      nothing.runInContext(context);
      collect();
    };
  } catch {
    return null;
  }
}

/** The function `gc` of a context of its own. Contexts that are made before or afterwards lack it, as usual. */
function newCollector(engine: EngineModule, contexts: ContextModule): unknown {
  engine.setFlagsFromString("--expose-gc");
  try {
    return contexts.runInNewContext("globalThis.gc");
  } finally {
    engine.setFlagsFromString("--no-expose-gc");
  }
}
