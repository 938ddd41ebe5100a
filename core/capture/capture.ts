/**
 * capture: a function recorded once and replayed natively, the static graph of the lecture.
 *
 * Call 1 runs eagerly and leaves a list of instructions; passes make it shorter; later calls fill in what changes from
 * call to call (inputs, live numbers, memory for the results) and run the whole list at once.
 */
import { synchronous } from "../ambient/modes.ts";
import { innerScope, moveTo, Surroundings } from "../ambient/scope.ts";
import { Arguments } from "./arguments.ts";
import { openStreams, streamOf } from "../array/devices.ts";
import { checkDType, type DType, elementOf } from "../pure/dtype.ts";
import { checkFunction, checkOptions, refuse } from "../pure/check.ts";
import { mapLeaves } from "../pure/nested.ts";
import { show, toDot } from "./show.ts";
import { filled, type NDArray } from "../array/ndarray.ts";
import { isInlined, refuseRecording } from "../array/recorder.ts";
import { type Begun, settleTurns, takeTurn } from "../array/turns.ts";
import { record, Recording } from "./recording.ts";
import { Program, type ProgramMemory } from "./program.ts";
import { Programs } from "./programs.ts";
import { Tensor } from "../tensor/tensor.ts";

export type { ProgramMemory };

/** A captured function; see {@linkcode capture}. */
export interface Captured<Inputs extends unknown[], Result> extends Disposable {
  (...inputs: Inputs): Result;
  /**
   * Calls the function without blocking, where the device has threads of its own. Calls keep the order in which they are
   * made: such a call begins at once, or when those before it are done, and then asks for live numbers; any other op waits,
   * blocking, for all such calls before it. `await tensor.read()` waits without blocking, and `memory()` does not wait.
   */
  async: (...inputs: Inputs) => Promise<Result>;
  /** Prints the instructions of the last recording with shapes, groups and bytes, and returns the text. */
  print(): string;
  /** The instructions of the last recording as a graph in Graphviz's language. */
  toDot(): string;
  /** What the last recording uses; null before the first call. */
  readonly memory: ProgramMemory | null;
}

/**
 * Records `f` at its first call and replays the instructions at later ones, with the same bits and far less overhead.
 *
 * Tensors among the arguments, also in arrays and plain objects, are inputs; shapes, types, numbers, strings and booleans
 * choose the recording, and the eight recordings that were used last are kept. Anything else, such as a module or a Map, is
 * no argument: close over it. Parameters, optimizer state and buffers are updated in place; results are new tensors, without
 * a graph, at each call. Learning rate, dropout, step counts and `live(() => x)` are asked anew; loop counts and plain
 * numbers are frozen. So are the variables and fields in which the function finds its nets and optimizers, since no code can
 * look into a closure: where one is given another net, the recording goes on with the first. Capture anew then, or change
 * the net in place, by `.data` and `loadStateDict`. A change of mode (`eval()`, `noGrad`, a gradient that is there or not)
 * records once more. A call that is refused for a label or an index among its inputs has not changed anything. Inside `grad`,
 * `jvp` and another captured function, a captured function runs as if it were not captured.
 *
 * Throws when `f` reads a value, returns a promise, or steps a schedule, and TypeError for arguments of other kinds.
 *
 * @example
 * ```ts
 * import { capture, manualSeed, nn, optim, tensor } from "deneb";
 *
 * manualSeed(0);
 * const model = new nn.Linear(1, 1), optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
 * const loss = new nn.MSELoss();
 * const step = capture((x, y) => {
 *   const value = loss.call(model.call(x), y);
 *   optimizer.resetGrad();
 *   value.backward();
 *   optimizer.step();
 *   return value;
 * });
 * const x = tensor([[0], [1]]), y = tensor([[1], [3]]);
 * let last = Infinity;
 * for (let k = 0; k < 200; k++) last = step(x, y).item();
 * if (last > 1e-3) throw new Error(`the loss is ${last}`);
 * ```
 */
export function capture<Inputs extends unknown[] = Tensor[], Result = Tensor>(
  f: (...inputs: Inputs) => Result,
): Captured<Inputs, Result> {
  checkFunction("capture", f);
  const programs = new Programs(f);

  const recordNew = (inputs: Inputs, taken: Arguments): Result => {
    const { result, program } = recordCall(f, inputs, taken);
    programs.add(program);
    return result;
  };
  const call = (...inputs: Inputs): Result => {
    if (isInlined()) return f(...inputs);
    settleTurns();
    const taken = new Arguments(inputs), program = programs.find(taken);
    return program === null ? recordNew(inputs, taken) : program.run(taken) as Result;
  };
  const later = (...inputs: Inputs): Promise<Result> => {
    refuseRecording("async() is called");
    let taken: Arguments;
    try {
      taken = new Arguments(inputs);
    } catch (error) {
      return Promise.reject(error);
    }
    // The tensors may be freed before their turn comes.
    const held = [...taken.storages], around = new Surroundings();
    for (const storage of held) storage.retain();
    const begin = (): Begun<Result> => {
      const program = programs.find(taken);
      if (program !== null) return program.start(taken) as Begun<Result>;
      const result = recordNew(inputs, taken);
      return { started: null, end: () => result };
    };
    return takeTurn(() => {
      const { started, end } = around.run(begin);
      return { started, end: () => around.run(end) };
    }, () => {
      around.arrive();
      for (const storage of held) storage.release();
    });
  };
  const members = {
    async: later,
    print() {
      const text = programs.last === null ? "" : show(programs.last.list);
      console.log(text);
      return text;
    },
    toDot: () => programs.last === null ? "digraph {}" : toDot(programs.last.list),
    [Symbol.for("nodejs.util.inspect.custom")]: () => programs.toString(),
    [Symbol.dispose]: () => programs[Symbol.dispose](),
    get memory() {
      return programs.last === null ? null : programs.last.memory;
    },
  };
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(members)) as Captured<Inputs, Result>;
}

/**
 * A number that a captured function asks for at each replay, as a tensor without axes. TypeError for what is no number,
 * RangeError for a number that the type does not have.
 *
 * @example
 * ```ts
 * import { capture, live, ones, type Tensor } from "deneb";
 *
 * let factor = 2;
 * const scaled = capture((x: Tensor) => x.mul(live(() => factor)));
 * scaled(ones([1]));
 * factor = 5;
 * if (scaled(ones([1])).item() !== 5) throw new Error("frozen");
 * ```
 */
export function live(read: () => number, options: { dtype?: DType } = {}): Tensor {
  const action = "make live number";
  checkFunction(action, read);
  const { dtype = "float32" } = checkOptions(action, options, '{ dtype: "int32" }', ["dtype"]);
  checkDType(action, dtype);
  const number = () => {
    const value = read();
    return typeof value === "number" ? elementOf(action, dtype, value) : refuse(action, value, "a number");
  };
  return Tensor.makeConst(filled(streamOf(), [], dtype, number));
}

/** An input as the recorded function sees it, so that the input is told apart from the same tensor closed over. */
class InputTensor extends Tensor {
  constructor(readonly source: Tensor, array: NDArray) {
    super(array.share(), { requiresGrad: source.requiresGrad });
  }

  override get grad(): Tensor | null {
    return this.source.grad;
  }

  override set grad(grad: Tensor | null) {
    // Each call would bring another graph, and a replay walks none.
    if (this.source.op !== null) {
      throw new Error("Cannot capture: backward() goes on into the graph of an input; pass it detached");
    }
    this.source.grad = grad;
  }
}

/** Runs `f` and records it; the program is null where a replay could not do the same. */
function recordCall<Inputs extends unknown[], Result>(
  f: (...inputs: Inputs) => Result,
  inputs: Inputs,
  taken: Arguments,
): { result: Result; program: Program | null } {
  // Instructions that still wait belong to what came before the call: they must not become part of the recording.
  for (const stream of openStreams()) stream.flush();
  const arrays = new Map<number, NDArray>();
  taken.leaves.forEach((leaf, place) => {
    if (leaf instanceof Tensor) arrays.set(place, taken.array(place));
  });
  const recording = new Recording(), own = new Set<Tensor>();
  try {
    const result = record(recording, () => {
      const inner = innerScope("capture()");
      try {
        const seen = new Map<Tensor, Tensor>();
        const given = inputs.map((input) =>
          mapLeaves("capture", input, (tensor) => {
            if (!(tensor instanceof Tensor)) return tensor;
            if (!seen.has(tensor)) seen.set(tensor, new InputTensor(tensor, arrays.get(taken.leaves.indexOf(tensor))!));
            return seen.get(tensor);
          })
        );
        return mapLeaves("capture", synchronous("capture", f(...given as Inputs)), (tensor) => {
          if (!(tensor instanceof Tensor)) return tensor;
          if (tensor instanceof InputTensor) return tensor.source;
          if (tensor.owner !== inner && tensor.cachedData !== null) return tensor;
          // A result becomes a leaf: the graph behind it is freed with the recording.
          const leaf = tensor.detach();
          moveTo(leaf, inner.parent);
          own.add(leaf);
          return leaf;
        }) as Result;
      } finally {
        inner[Symbol.dispose]();
        recording.stream?.flush();
      }
    });
    return { result, program: Program.make({ recording, inputs: taken, arrays, result, own }) };
  } catch (error) {
    for (const storage of recording.constants) storage.release();
    for (const leaf of own) leaf.dispose();
    throw error;
  } finally {
    recording.end();
  }
}
