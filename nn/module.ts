/**
 * Module: a part of a network, which finds its parameters, buffers and parts by looking at its own fields.
 *
 * A field counts if it holds a {@linkcode Parameter}, a {@linkcode Buffer}, a Module, or another tensor that requires a
 * gradient and is no result, or an array, plain object, Map or Set of such, to any depth. The path from the module to a
 * tensor, joined with dots, is the tensor's name: `layers.0.weight`. The entries of a Map are named by their keys, those of a
 * Set, and of a Map whose keys are objects, by their number.
 */
import {
  asModule,
  checkFlag,
  checkFunction,
  checkOptions,
  checkState,
  checkText,
  decided,
  type DType,
  isActivityAsked,
  isFloat,
  isMeantToTrain,
  knownToTrain,
  load,
  meantToTrain,
  misfit,
  nearest,
  shown,
} from "../core/internal.ts";
import { scope, Tensor } from "../core/mod.ts";
import { leavesOf } from "./fields.ts";
import { Hookable } from "./hookable.ts";
import { callHooked, type Hooks } from "./hooked.ts";
import { Buffer, Parameter } from "./parameter.ts";
import { watcher } from "./watch.ts";

/** Tensors by name, as {@linkcode Module.stateDict} gives them and safetensors files hold them. */
export type StateDict = Record<string, Tensor>;

/** Options of {@linkcode Module.loadStateDict}. */
export interface LoadOptions {
  /** True (the default): a missing or unexpected name is an error. False: loads the names that both sides have. */
  strict?: boolean;
}

/** Where a tensor or a part of a module stands in the state of PyTorch's module, see {@linkcode Module.pytorchPlaces}. */
export interface PytorchPlace {
  /**
   * Its name there; its own in PyTorch's spelling by default. The empty name: a part whose tensors are the whole's there. A list
   * of names: a tensor that is there in as many, of equal length along axis 0.
   */
  readonly name?: string | readonly string[];
  /** Further names of the same tensor there, where parts share it. */
  readonly also?: readonly string[];
  /** Whether a tensor's two axes stand there in the other order; false by default. */
  readonly isTransposed?: boolean;
  /** Which of the pieces along axis 0 of one tensor there it is, counted from 0; by default it is all of it. */
  readonly piece?: number;
}

/** Options of the lists of a module's tensors. */
export interface ListOptions {
  /** Lists a tensor that is in several places under each of their names; false by default. */
  shared?: boolean;
}

/** What a walk over a module's fields looks for. */
type Found = Tensor | Module;

/**
 * A part of a network. A subclass writes `forward`; users call `call`.
 *
 * Parameters, buffers and parts are found in fields: public ones, and arrays, plain objects, Maps and Sets in them. What a
 * `#private` field or an object of another class holds cannot be found: it is not trained, saved or moved. The first step of an
 * optimizer tells of parameters that got a gradient there, and so does `train.fit`, also of other tensors.
 *
 * `Inputs` and `Output` are the types of modules that take or return something else than tensors.
 *
 * @example
 * ```ts
 * import { nn, ones, type Tensor } from "deneb";
 *
 * class Net extends nn.Module {
 *   readonly layers = [new nn.Linear(3, 4), new nn.Linear(4, 2)];
 *   readonly scale = new nn.Parameter([1]);
 *
 *   override forward(x: Tensor): Tensor {
 *     for (const layer of this.layers) x = layer.call(x).tanh();
 *     return x.mul(this.scale);
 *   }
 * }
 * const net = new Net();
 * const names = net.namedParameters().map(([name]) => name).join(" ");
 * if (names !== "layers.0.weight layers.0.bias layers.1.weight layers.1.bias scale") throw new Error(names);
 * if (net.call(ones([5, 3])).shape.join() !== "5,2") throw new Error("wrong shape");
 * ```
 */
// deno-lint-ignore no-explicit-any -- `any` lets a subclass state the inputs that it takes.
export abstract class Module<Inputs extends any[] = Tensor[], Output = Tensor> extends Hookable<AnyModule> {
  #training = true;

  /** The computation, written by the subclass. */
  abstract forward(...inputs: Inputs): Output;

  /** Applies the module: `forward`, between the hooks that were put on the module. */
  call(...inputs: Inputs): Output {
    const training = this.#training, hooks = this.hooks;
    // A recording of a captured function is valid for the mode and the hooks that its modules had.
    decided(() => this.#training === training && this.hooks === hooks);
    if (watcher !== null) return watcher(this, () => this.forward(...inputs)) as Output;
    if (!isActivityAsked()) return this.#between(hooks, inputs);
    return asModule(this, (caller) => nameIn(caller, this as AnyModule), () => this.#between(hooks, inputs));
  }

  #between(hooks: Hooks | null, inputs: Inputs): Output {
    if (hooks === null) return this.forward(...inputs);
    return callHooked(this, hooks, inputs, (...inputs: Inputs) => this.forward(...inputs));
  }

  /** True in training mode, in which dropout and batch statistics are on: from the start until {@linkcode Module.eval}. */
  get training(): boolean {
    return this.#training;
  }

  /** Switches this module and all of its parts to training mode, or for false to evaluation. Returns this. */
  train(training: boolean = true): this {
    checkFlag("train module", "training", training);
    for (const module of this.modules()) module.#training = training;
    return this;
  }

  /** Switches this module and all of its parts to evaluation. Returns this. */
  eval(): this {
    return this.train(false);
  }

  /**
   * Runs `visit` on each part and then on this module, the innermost parts first, as PyTorch's `apply`. Returns this.
   *
   * @example
   * ```ts
   * import { nn } from "deneb";
   *
   * const net = new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 2));
   * net.apply((module) => {
   *   if (module instanceof nn.Linear) nn.init.zeros(module.bias!);
   * });
   * if (net.stateDict()["2.bias"]!.abs().sum().item() !== 0) throw new Error("not zero");
   * ```
   */
  apply(visit: (module: AnyModule) => void): this {
    checkFunction("apply", visit);
    for (const child of this.children()) child.apply(visit);
    visit(this as AnyModule);
    return this;
  }

  /**
   * Freezes all parameters of this module and its parts, or for true has them trained again. Returns this.
   *
   * As in PyTorch, a frozen parameter is still listed and saved, and an optimizer takes it and leaves it as it is: backward
   * sweeps give it no gradient. One that has a gradient already keeps it: reset it, or the next step still uses it.
   *
   * @example
   * ```ts
   * import { nn, ones, optim } from "deneb";
   *
   * const body = new nn.Linear(2, 3).requiresGrad(false), net = new nn.Sequential(body, new nn.Linear(3, 1));
   * const optimizer = new optim.SGD(net.parameters(), { lr: 0.1 }), before = body.weight.toArray().join();
   * net.call(ones([4, 2])).sum().backward();
   * optimizer.step();
   * if (body.weight.grad !== null || body.weight.toArray().join() !== before) throw new Error("not frozen");
   * ```
   */
  requiresGrad(requires: boolean = true): this {
    checkFlag("change module", "requiresGrad", requires);
    for (const parameter of this.parameters()) {
      // A plain tensor is a parameter for requiring a gradient, and is one from now on without it.
      if (!isMeantToTrain(parameter)) {
        meantToTrain(parameter);
        knownToTrain([parameter]);
      }
      parameter.requiresGrad = requires;
    }
    return this;
  }

  /** Forgets the gradients of all parameters, as PyTorch's `zero_grad`. */
  resetGrad(): void {
    for (const parameter of this.parameters()) parameter.resetGrad();
  }

  /** The modules in this module's own fields, without their parts. */
  children(): AnyModule[] {
    const found = this.#direct().map(([, found]) => found).filter((found): found is AnyModule =>
      found instanceof Module
    );
    return [...new Set(found)];
  }

  /** This module and all modules inside it, each once and before its own parts. */
  modules(): AnyModule[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** As {@linkcode Module.modules}, each with the path that leads to it: the empty one for this module. */
  namedModules(): [name: string, module: AnyModule][] {
    const names = new Map<AnyModule, string>();
    const visit = (name: string, module: AnyModule) => {
      if (names.has(module)) return;
      names.set(module, name);
      for (const [field, found] of module.#direct()) {
        if (found instanceof Module) visit(name === "" ? field : `${name}.${field}`, found as AnyModule);
      }
    };
    visit("", this as AnyModule);
    return [...names].map(([module, name]) => [name, module]);
  }

  /**
   * The part at a path, as {@linkcode Module.namedModules} names it; this module for the empty one. RangeError if there is
   * none.
   *
   * @example
   * ```ts
   * import { nn } from "deneb";
   *
   * const net = new nn.Sequential(new nn.Residual(new nn.Linear(2, 2)), new nn.ReLU());
   * if (!(net.getSubmodule("0.0") instanceof nn.Linear)) throw new Error("another part");
   * if (net.getParameter("0.0.bias").shape.join() !== "2") throw new Error("another parameter");
   * ```
   */
  getSubmodule(path: string): AnyModule {
    checkText("getSubmodule", "path", path);
    let at = this as AnyModule, rest = path;
    while (rest !== "") {
      // The name of a part has dots itself if the part stands in a list or an object.
      const found = at.#direct().find(([name, part]) =>
        part instanceof Module && (rest === name || rest.startsWith(`${name}.`))
      );
      if (found === undefined) throw this.#absent("getSubmodule", path, this.namedModules().slice(1));
      at = found[1] as AnyModule;
      rest = rest.slice(found[0].length + 1);
    }
    return at;
  }

  /** The parameter of that name, which may be any of a shared one. RangeError if there is none. */
  getParameter(path: string): Parameter {
    return this.#found("getParameter", path, this.namedParameters({ shared: true }));
  }

  /** The buffer of that name. RangeError if there is none. */
  getBuffer(path: string): Buffer {
    return this.#found("getBuffer", path, this.namedBuffers({ shared: true }));
  }

  #found<T>(action: string, path: string, entries: readonly [name: string, item: T][]): T {
    checkText(action, "path", path);
    const found = entries.find(([name]) => name === path);
    if (found === undefined) throw this.#absent(action, path, entries);
    return found[1];
  }

  #absent(action: string, path: string, entries: readonly [name: string, item: unknown][]): RangeError {
    const names = entries.map(([name]) => name), near = nearest(path, names);
    const told = near !== null ? `did you mean ${near}?` : names.length === 0 ? "there are none" : firstOf(names, ", ");
    return new RangeError(`Cannot ${action}: ${this.constructor.name} has none at ${shown(path)}; ${told}`);
  }

  /**
   * Every parameter with its name, in the order of the fields. A shared parameter is listed once, under its first name, or with
   * `{ shared: true }` under all of its names.
   */
  namedParameters(options: ListOptions = {}): [name: string, parameter: Parameter][] {
    return this.#all(sharedOf("namedParameters", options))
      .filter((entry): entry is [string, Parameter] => !(entry[1] instanceof Buffer));
  }

  /** Every parameter once, for an optimizer. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Every buffer with its name, as {@linkcode Module.namedParameters} lists parameters. */
  namedBuffers(options: ListOptions = {}): [name: string, buffer: Buffer][] {
    return this.#all(sharedOf("namedBuffers", options))
      .filter((entry): entry is [string, Buffer] => entry[1] instanceof Buffer);
  }

  /**
   * Moves all parameters and buffers, and their gradients, to a device. Returns this.
   *
   * An optimizer's state does not follow: make the optimizer afterwards.
   *
   * @example
   * ```ts
   * import { nn, ones } from "deneb";
   *
   * const layer = new nn.Linear(3, 2).to("wasm");
   * const y = layer.call(ones([1, 3], { device: "wasm" }));
   * if (y.device !== "wasm") throw new Error(y.device);
   * ```
   */
  to(device: string): this {
    using _ = scope();
    for (const [, tensor] of this.#all()) {
      const { grad } = tensor;
      if (tensor.device !== device) tensor.data = tensor.data.to(device);
      if (grad !== null && grad.device !== device) tensor.grad = grad.detach().to(device);
    }
    return this;
  }

  /**
   * Converts all parameters and buffers that are floats, and their gradients, to another float type. Returns this.
   *
   * To train in mixed precision, leave the parameters as they are and use `autocast`. An optimizer's state does not follow:
   * make the optimizer afterwards.
   *
   * @example
   * ```ts
   * import { nn, ones } from "deneb";
   *
   * const layer = new nn.Linear(3, 2).cast("float16");
   * const y = layer.call(ones([1, 3], { dtype: "float16" }));
   * if (y.dtype !== "float16") throw new Error(y.dtype);
   * ```
   */
  cast(dtype: DType): this {
    if (!isFloat(dtype)) {
      const given = typeof dtype === "string" ? dtype.slice(0, 40) : shown(dtype);
      throw new TypeError(`Cannot cast module: type ${given} must be a float type`);
    }
    using _ = scope();
    for (const [, tensor] of this.#all()) {
      if (!isFloat(tensor.dtype)) continue;
      const { grad } = tensor;
      tensor.data = tensor.data.cast(dtype);
      if (grad !== null) tensor.grad = grad.detach().cast(dtype);
    }
    return this;
  }

  /**
   * Parameters and buffers by name, but for buffers that are not persistent; a shared tensor stands under its first name. The
   * tensors share memory with the module's: a later training step changes them.
   */
  stateDict(): StateDict {
    return Object.fromEntries(this.#all().filter(isSaved).map(([name, tensor]) => [name, tensor.detach()]));
  }

  /**
   * Copies the tensors of `state` into the parameters and buffers of the same names.
   *
   * The module's tensors keep their element types and devices: floats of another type are converted, and tensors on another
   * device are moved. A shared tensor takes any of its names, as files of PyTorch have them all; of several the last counts, as
   * there. TypeError, before anything is changed, that names each tensor whose shape or type does not fit and,
   * unless `strict` is false, each name that is missing or unexpected.
   */
  loadStateDict(state: Readonly<StateDict>, options: LoadOptions = {}): void {
    checkState("load state", state);
    const { strict = true } = checkOptions("load state", options, "{ strict: false }", ["strict"]);
    checkFlag("load state", "strict", strict);
    const own = this.#all(true).filter(isSaved);
    const complaints: string[] = [];
    if (strict) {
      const names = new Set(own.map(([name]) => name));
      const given = new Set(own.filter(([name]) => Object.hasOwn(state, name)).map(([, tensor]) => tensor));
      const missing = this.#all().filter(isSaved).filter(([, tensor]) => !given.has(tensor)).map(([name]) => name);
      const unexpected = Object.keys(state).filter((name) => !names.has(name));
      if (missing.length > 0) complaints.push(`missing ${firstOf(missing, ", ")}`);
      if (unexpected.length > 0) complaints.push(`unexpected ${firstOf(unexpected, ", ")}`);
    }
    const pairs: [target: Tensor, source: Tensor][] = [];
    for (const [name, target] of own) {
      if (!Object.hasOwn(state, name)) continue;
      const source = state[name]!, wrong = misfit(source, target);
      if (wrong === null) pairs.push([target, source]);
      else complaints.push(`${name} ${wrong}`);
    }
    if (complaints.length > 0) throw new TypeError(`Cannot load state: ${firstOf(complaints, "; ")}`);
    load(pairs);
  }

  /**
   * Where PyTorch's module of this kind has the tensors and parts that it does not keep under the same name and as they are
   * here, for `io.convert`. A name is that of a field, or of something deeper in it: `layers.0.weight`.
   *
   * @example
   * ```ts
   * import { io, nn, type Tensor, tensor } from "deneb";
   *
   * class Net extends nn.Module {
   *   readonly head = new nn.Linear(1, 2);
   *   override forward(x: Tensor): Tensor {
   *     return this.head.call(x);
   *   }
   *   override pytorchPlaces() {
   *     return { head: { name: "fc" } };
   *   }
   * }
   * const { state } = io.convert({ "fc.bias": tensor([1, 2]) }, { from: "pytorch" }, new Net());
   * if (Object.keys(state).join() !== "head.bias") throw new Error("another name");
   * ```
   */
  pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return {};
  }

  /** The text in brackets after the class name: `3, 4, bias: false`. */
  protected describe(): string {
    return "";
  }

  /** The fields in which parameters, buffers and parts are looked for. A container adds parts that it holds elsewhere. */
  protected fields(): [name: string, value: unknown][] {
    return Object.entries(this);
  }

  /** The tree of modules, a line for each. */
  override toString(): string {
    return this.#tree(new Set());
  }

  /** The tree below this module, in which one that stands inside itself is not entered again. */
  #tree(around: ReadonlySet<AnyModule>): string {
    if (around.has(this)) return `${this.constructor.name}(...)`;
    const inside = new Set([...around, this]);
    const lines = this.#direct()
      .filter((entry): entry is [string, AnyModule] => entry[1] instanceof Module)
      .map(([name, part]) => `  (${name}): ${part.#tree(inside).replaceAll("\n", "\n  ")}\n`);
    const head = `${this.constructor.name}(${this.describe()}`;
    return lines.length === 0 ? `${head})` : `${head}\n${lines.join("")})`;
  }

  /** The text that `console.log` shows in Deno and Jupyter. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** The text that `console.log` shows in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** The parameters, buffers and modules in the fields, with their paths. The walk does not enter modules. */
  #direct(): [name: string, found: Found][] {
    return leavesOf(this.fields(), belongs);
  }

  /** Parameters and buffers of this module and its parts, each once, or under each of its names. */
  #all(shared: boolean = false): [name: string, tensor: Tensor][] {
    const entries: [string, Tensor][] = [], names = new Set<string>();
    // Of what is listed under all names only a way in a circle has an end.
    const seen = new Set<Found>([this as AnyModule]);
    const visit = (prefix: string, module: AnyModule) => {
      for (const [name, found] of module.#direct()) {
        if (seen.has(found)) continue;
        if (!shared || found instanceof Module) seen.add(found);
        const path = prefix + name;
        if (found instanceof Module) {
          visit(`${path}.`, found);
          if (shared) seen.delete(found);
        } else if (names.has(path)) throw new TypeError(`Cannot list tensors: two of the module are named ${path}`);
        else {
          names.add(path);
          entries.push([path, found]);
        }
      }
    };
    visit("", this);
    knownToTrain(entries.map(([, tensor]) => tensor));
    return entries;
  }
}

function sharedOf(action: string, options: ListOptions): boolean {
  const { shared = false } = checkOptions(action, options, "{ shared: true }", ["shared"]);
  return checkFlag(action, "shared", shared);
}

/** Whether a tensor is part of the state. */
function isSaved([, tensor]: readonly [name: string, tensor: Tensor]): boolean {
  return !(tensor instanceof Buffer) || tensor.persistent;
}

/** Whether a tensor has no memory any more, such as an input that a module kept for a look at it. */
function isFreed(tensor: Tensor): boolean {
  return tensor.cachedData === null;
}

/** Whether a value in a field belongs to the module. Results of ops and tensors without gradients are only kept there. */
function belongs(value: object): value is Found {
  return value instanceof Module || value instanceof Buffer ||
    value instanceof Tensor &&
      (value instanceof Parameter ||
        (value.requiresGrad || isMeantToTrain(value)) && value.isLeaf() && !isFreed(value));
}

/** As many texts as a message has room for. */
function firstOf(texts: readonly string[], separator: string, most = 6): string {
  const rest = texts.length > most ? [`${texts.length - most} more`] : [];
  return [...texts.slice(0, most), ...rest].join(separator);
}

/** The paths of the parts of modules that called one while somebody asked what was computed. */
const partNames = new WeakMap<object, ReadonlyMap<AnyModule, string>>();

/** The path of a module inside the one that calls it; null for one that is no part of it. */
function nameIn(caller: object, module: AnyModule): string | null {
  const known = partNames.get(caller)?.get(module);
  if (known !== undefined || !(caller instanceof Module)) return known ?? null;
  const names = new Map(caller.namedModules().map(([name, part]) => [part, name]));
  partNames.set(caller, names);
  return names.get(module) ?? null;
}

/** A module of any inputs and output. */
// deno-lint-ignore no-explicit-any -- the inputs of a part are between it and its whole.
export type AnyModule = Module<any[], any>;
