/**
 * Module: a part of a network, which finds its parameters, buffers and parts by looking at its own fields.
 *
 * A field counts if it holds a {@linkcode Parameter}, a {@linkcode Buffer}, a Module, or another tensor that requires a
 * gradient and is no result, or an array, plain object, Map or Set of such, to any depth. The path from the module to a
 * tensor, joined with dots, is the tensor's name: `layers.0.weight`. The entries of a Map are named by their keys, those of a
 * Set, and of a Map whose keys are objects, by their number.
 */
import {
  checkFlag,
  checkOptions,
  checkState,
  decided,
  type DType,
  isFloat,
  isPlain,
  knownToTrain,
  load,
  misfit,
  shown,
} from "../core/internal.ts";
import { scope, Tensor } from "../core/mod.ts";
import { Buffer, Parameter } from "./parameter.ts";

/** Tensors by name, as {@linkcode Module.stateDict} gives them and safetensors files hold them. */
export type StateDict = Record<string, Tensor>;

/** Options of {@linkcode Module.loadStateDict}. */
export interface LoadOptions {
  /** True (the default): a missing or unexpected name is an error. False: loads the names that both sides have. */
  strict?: boolean;
}

/** Where a tensor or a part of a module stands in the state of PyTorch's module, see {@linkcode Module.pytorchPlaces}. */
export interface PytorchPlace {
  /** Its name there; its own in PyTorch's spelling by default. The empty name: a part whose tensors are the whole's there. */
  readonly name?: string;
  /** Whether a tensor's two axes stand there in the other order; false by default. */
  readonly isTransposed?: boolean;
  /** Which of the pieces along axis 0 of one tensor there it is, counted from 0; by default it is all of it. */
  readonly piece?: number;
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
export abstract class Module<Inputs extends any[] = Tensor[], Output = Tensor> {
  #training = true;

  /** The computation, written by the subclass. */
  abstract forward(...inputs: Inputs): Output;

  /** Applies the module. */
  call(...inputs: Inputs): Output {
    // A recording of a captured function is valid for the mode in which its modules were.
    decided(() => this.#training);
    return this.forward(...inputs);
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

  /** The modules in this module's own fields, without their parts. */
  children(): AnyModule[] {
    return this.#direct().filter(([, found]) => found instanceof Module).map(([, found]) => found as AnyModule);
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

  /** Every parameter with its name, in the order of the fields. A shared parameter is listed once, under its first name. */
  namedParameters(): [name: string, parameter: Parameter][] {
    return this.#all().filter(([, tensor]) => !(tensor instanceof Buffer));
  }

  /** Every parameter once, for an optimizer. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Every buffer with its name. */
  namedBuffers(): [name: string, buffer: Buffer][] {
    return this.#all().filter((entry): entry is [string, Buffer] => entry[1] instanceof Buffer);
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

  /** Parameters and buffers by name. The tensors share memory with the module's: a later training step changes them. */
  stateDict(): StateDict {
    return Object.fromEntries(this.#all().map(([name, tensor]) => [name, tensor.detach()]));
  }

  /**
   * Copies the tensors of `state` into the parameters and buffers of the same names.
   *
   * The module's tensors keep their element types and devices: floats of another type are converted, and tensors on another
   * device are moved. TypeError, before anything is changed, that names each tensor whose shape or type does not fit and,
   * unless `strict` is false, each name that is missing or unexpected.
   */
  loadStateDict(state: Readonly<StateDict>, options: LoadOptions = {}): void {
    checkState("load state", state);
    const { strict = true } = checkOptions("load state", options, "{ strict: false }", ["strict"]);
    checkFlag("load state", "strict", strict);
    const own = this.#all();
    const complaints: string[] = [];
    if (strict) {
      const names = new Set(own.map(([name]) => name));
      const missing = own.filter(([name]) => !Object.hasOwn(state, name)).map(([name]) => name);
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
  toString(): string {
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
    const entries: [string, Found][] = [];
    // Plain objects may refer to one another in a circle.
    const seen = new Set<unknown>();
    const visit = (name: string, value: unknown) => {
      if (typeof value !== "object" || value === null || seen.has(value)) return;
      seen.add(value);
      if (belongs(value)) entries.push([name, value]);
      else for (const [key, item] of itemsOf(value)) visit(`${name}.${key}`, item);
    };
    for (const [name, value] of this.fields()) visit(name, value);
    return entries;
  }

  /** Parameters and buffers of this module and its parts, each once. */
  #all(): [name: string, tensor: Tensor][] {
    const entries: [string, Tensor][] = [], names = new Set<string>();
    const seen = new Set<Found>([this as AnyModule]);
    const visit = (prefix: string, module: AnyModule) => {
      for (const [name, found] of module.#direct()) {
        if (seen.has(found)) continue;
        seen.add(found);
        const path = prefix + name;
        if (found instanceof Module) visit(`${path}.`, found);
        else if (names.has(path)) throw new TypeError(`Cannot list tensors: two of the module are named ${path}`);
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

/** Whether a tensor has no memory any more, such as an input that a module kept for a look at it. */
function isFreed(tensor: Tensor): boolean {
  return tensor.cachedData === null;
}

/** Whether a value in a field belongs to the module. Results of ops and tensors without gradients are only kept there. */
function belongs(value: object): value is Found {
  return value instanceof Module || value instanceof Buffer ||
    value instanceof Tensor && (value instanceof Parameter || value.requiresGrad && value.isLeaf() && !isFreed(value));
}

/** What an array, a plain object, a Map or a Set holds, by name. */
function itemsOf(value: object): [name: string, item: unknown][] {
  if (value instanceof Set) return [...value].map((item, place) => [`${place}`, item]);
  if (value instanceof Map) {
    return [...value].map(([key, item], place) => [`${typeof key === "object" ? place : String(key)}`, item]);
  }
  return Array.isArray(value) || isPlain(value) ? Object.entries(value) : [];
}

/** As many texts as a message has room for. */
function firstOf(texts: readonly string[], separator: string, most = 6): string {
  const rest = texts.length > most ? [`${texts.length - most} more`] : [];
  return [...texts.slice(0, most), ...rest].join(separator);
}

/** A module of any inputs and output. */
// deno-lint-ignore no-explicit-any -- the inputs of a part are between it and its whole.
export type AnyModule = Module<any[], any>;
