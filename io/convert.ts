/** State dicts of other frameworks, brought into the names and the order of a model's own, and back. */
import { checkOptions, checkText, refuse, sameShape, shown, showShape } from "../core/internal.ts";
import { concat, noGrad, Tensor } from "../core/mod.ts";
import { type AnyModule, Module, type PytorchPlace } from "../nn/mod.ts";
import type { StateDict } from "./safetensors.ts";

/** Options of {@linkcode convert}. */
export interface ConvertOptions {
  /** The framework whose names and order the given state has: `"pytorch"`. */
  from?: "pytorch";
  /** Instead of `from`: the framework whose names and order the given state, the model's, shall get: `"pytorch"`. */
  to?: "pytorch";
  /**
   * What PyTorch's names begin with and Deneb's do not: `"encoder."` takes, of a larger model's state, the part that is this
   * model, and puts a state that is converted `to` PyTorch into such a part. Nothing by default.
   */
  prefix?: string;
  /**
   * Other names for those of the given state, before anything else but the prefix of one `from` PyTorch: a function of the
   * name, or a list in which each key is a whole name or its beginning up to a dot: `{ fc: "head" }`.
   */
  rename?: Readonly<Record<string, string>> | ((name: string) => string);
}

/** What {@linkcode convert} returns. */
export interface Converted {
  /** The converted tensors, under their new names and in the model's order. */
  state: StateDict;
  /** Why each of the other tensors was left, by its name in the given state. */
  left: Record<string, string>;
  /** The names that the new state lacks, since the given one has nothing that fits. */
  missing: string[];
}

/**
 * Brings a state of PyTorch into a model's names and order, or a model's state into PyTorch's.
 *
 * Names in PyTorch's spelling (`running_mean`) become the model's (`runningMean`), and tensors that a layer keeps otherwise are
 * put into its order: weights of {@linkcode Linear}, which are [outFeatures, inFeatures] there, are transposed.
 * The beginnings `module.` and `_orig_mod.`, which PyTorch's wrappers give to names, are left out.
 * Nothing is lost in silence: what has no place is reported, as is what is lacking.
 *
 * TypeError for what is no state, no model, or another framework.
 *
 * @example
 * ```ts
 * import { io, nn, tensor } from "deneb";
 *
 * const net = new nn.Sequential(new nn.Linear(2, 2, { bias: false }), new nn.BatchNorm1d(2));
 * const given = {
 *   "0.weight": tensor([[1, 2], [3, 4]]),
 *   "1.weight": tensor([1, 1]),
 *   "1.bias": tensor([0, 0]),
 *   "1.running_mean": tensor([5, 6]),
 *   "1.running_var": tensor([7, 8]),
 *   "1.num_batches_tracked": tensor(9),
 * };
 * const { state, left, missing } = io.convert(given, { from: "pytorch" }, net);
 * if (Object.keys(left).join() !== "1.num_batches_tracked" || missing.length > 0) throw new Error("another report");
 * net.loadStateDict(state);
 * if (net.stateDict()["0.weight"]!.toArray().join() !== "1,3,2,4") throw new Error("not transposed");
 *
 * const back = io.convert(net.stateDict(), { to: "pytorch" }, net).state;
 * if (back["0.weight"]!.toArray().join() !== "1,2,3,4" || !("1.running_var" in back)) throw new Error("not PyTorch's");
 * ```
 */
export function convert(stateDict: Readonly<StateDict>, options: ConvertOptions, model: AnyModule): Converted {
  const action = "convert";
  if (typeof stateDict !== "object" || stateDict === null) refuse(action, stateDict, "a state of tensors by name");
  const { from, to, prefix = "", rename = {} } = checkOptions(action, options, '{ from: "pytorch" }', [
    "from",
    "to",
    "prefix",
    "rename",
  ]);
  for (const [name, framework] of [["from", from], ["to", to]] as const) {
    if (framework !== undefined && framework !== "pytorch") {
      throw new TypeError(`Cannot ${action}: ${name} ${shown(framework)}, it must be "pytorch"`);
    }
  }
  if ((from === undefined) === (to === undefined)) {
    throw new TypeError(`Cannot ${action}: it takes either { from: "pytorch" } or { to: "pytorch" }`);
  }
  if (prefix !== "") checkText(action, "prefix", prefix);
  const renamed = renamer(action, rename);
  if (!(model instanceof Module)) refuse(action, model, "a module");
  return from === undefined
    ? toPytorch(stateDict, prefix, renamed, model)
    : fromPytorch(stateDict, prefix, renamed, model);
}

/** The function that gives names their other names. */
function renamer(action: string, rename: NonNullable<ConvertOptions["rename"]>): (name: string) => string {
  const checked = (name: unknown) => typeof name === "string" ? name : refuse(action, name, "a new name, a text");
  if (typeof rename === "function") return (name) => checked(rename(name));
  if (typeof rename !== "object" || rename === null) refuse(action, rename, "names by name, or a function of a name");
  const pairs = Object.entries(rename).map(([before, after]) => [before, checked(after)] as const);
  return (name) => {
    // The longest beginning knows best.
    const [before, after] = pairs
      .filter(([before]) => name === before || name.startsWith(before.endsWith(".") ? before : `${before}.`))
      .reduce((best, each) => each[0].length > best[0].length ? each : best, ["", ""] as const);
    return after + name.slice(before.length);
  };
}

/** A tensor of a model, and where it stands in PyTorch's state of it. */
interface Counterpart {
  /** The model's name. */
  readonly own: string;
  readonly target: Tensor;
  readonly place: PytorchPlace;
}

/** The tensors of a model by their names in PyTorch, those that are pieces of one tensor there together and in order. */
function counterpartsOf(model: AnyModule): Map<string, Counterpart[]> {
  const all = new Map<string, Counterpart[]>(), modules = new Map(model.namedModules());
  for (const [own, target] of tensorsOf(model, true)) {
    const { name, place } = placeIn(modules, own);
    if (!all.has(spelling(name))) all.set(spelling(name), []);
    all.get(spelling(name))!.push({ own, target, place: { ...place, name } });
  }
  for (const pieces of all.values()) pieces.sort((a, b) => (a.place.piece ?? 0) - (b.place.piece ?? 0));
  return all;
}

/** What a state has, each tensor under its first name, or a shared one under all of its names. */
function tensorsOf(model: AnyModule, shared: boolean = false): [name: string, tensor: Tensor][] {
  const buffers = model.namedBuffers({ shared }).filter(([, { persistent }]) => persistent);
  return [...model.namedParameters({ shared }), ...buffers];
}

/**
 * Where a tensor stands in PyTorch. On the way from the model to the tensor each module is asked; what an outer one says of
 * the tensor counts, and of a part on the way, the name that it has there.
 */
function placeIn(modules: ReadonlyMap<string, AnyModule>, own: string): { name: string; place: PytorchPlace } {
  const walk = (path: string, name: string): { name: string; place: PytorchPlace } => {
    const rest = own.slice(path === "" ? 0 : path.length + 1), places = modules.get(path)!.pytorchPlaces();
    const said = (part: string) => Object.hasOwn(places, part) ? places[part]! : {};
    const steps = rest.split("."), starts = steps.map((_, k) => steps.slice(0, k + 1).join("."));
    const part = starts.slice(0, -1).find((start) => modules.has(under(path, start)));
    if (part === undefined || Object.hasOwn(places, rest)) {
      return { name: under(name, said(rest).name ?? snake(rest)), place: said(rest) };
    }
    // A list of parts is named as a whole: `blocks` for `blocks.0`.
    const [list, ...place] = part.split(".");
    const there = said(part).name ?? under(said(list!).name ?? snake(list!), snake(place.join(".")));
    return walk(under(path, part), under(name, there));
  };
  return walk("", "");
}

/** A name below another one, either of which may be empty. */
function under(before: string, name: string): string {
  return before === "" || name === "" ? before + name : `${before}.${name}`;
}

/** The shape that a tensor of a model, or a piece, has in PyTorch. */
function shapeInPytorch({ target: { shape }, place }: Counterpart): readonly number[] {
  return place.isTransposed ? shape.toReversed() : shape;
}

/** The shape of pieces one behind the other along axis 0. */
function joined(shapes: readonly (readonly number[])[]): readonly number[] {
  const [first = []] = shapes;
  return shapes.length === 1 ? first : [shapes.reduce((sum, [length]) => sum + length!, 0), ...first.slice(1)];
}

function fromPytorch(
  given: Readonly<StateDict>,
  prefix: string,
  renamed: (name: string) => string,
  model: AnyModule,
): Converted {
  const counterparts = counterpartsOf(model), found: StateDict = {}, left: Record<string, string> = {};
  const taken = new Set<string>();
  for (const [full, value] of Object.entries(given)) {
    const name = renamed(full.slice(prefix.length)), bare = name.replace(wrappers, "");
    const key = [name, bare].map(spelling).find((key) => counterparts.has(key)) ?? "";
    const pieces = counterparts.get(key), shapes = pieces?.map(shapeInPytorch) ?? [], wanted = joined(shapes);
    if (!full.startsWith(prefix)) left[full] = `it does not begin with ${prefix}`;
    else if (!(value instanceof Tensor)) left[full] = `it is ${shown(value)}, not a tensor`;
    else if (pieces === undefined) {
      left[full] = /(^|\.)num_batches_tracked$/.test(full)
        ? "the model counts no batches, since its momentum is fixed"
        : "the model has no tensor of that name";
    } else if (taken.has(key)) left[full] = `another tensor was taken for ${ownNames(pieces)}`;
    else if (!sameShape(value.shape, wanted)) {
      left[full] = `it has shape ${showShape(value.shape)}, ${ownNames(pieces)} takes ${showShape(wanted)}`;
    } else {
      taken.add(key);
      let from = 0;
      pieces.forEach(({ own, place }, k) => {
        const length = shapes[k]![0] ?? 0, piece = pieces.length === 1 ? value : value.detach().narrow(0, from, length);
        from += length;
        found[own] = place.isTransposed ? piece.detach().transpose() : piece;
      });
    }
  }
  const all = tensorsOf(model, true).filter(([name]) => Object.hasOwn(found, name));
  const filled = new Set(all.map(([, tensor]) => tensor));
  return {
    state: Object.fromEntries(all.map(([name]) => [name, found[name]!])),
    left,
    missing: tensorsOf(model).filter(([, tensor]) => !filled.has(tensor)).map(([name]) => name),
  };
}

function toPytorch(
  given: Readonly<StateDict>,
  prefix: string,
  renamed: (name: string) => string,
  model: AnyModule,
): Converted {
  const state: StateDict = {}, left: Record<string, string> = {}, missing: string[] = [], used = new Set<string>();
  const own = new Map(Object.entries(given).map(([name, value]) => [renamed(name), [name, value] as const]));
  // A state of ours has a shared tensor once, and one of PyTorch under each of its names.
  const first = new Map(tensorsOf(model).map(([name, tensor]) => [tensor, name]));
  for (const pieces of counterpartsOf(model).values()) {
    const name = prefix + pieces[0]!.place.name, values: Tensor[] = [];
    for (const { own: wanted, target, place } of pieces) {
      const [before, value] = own.get(wanted) ?? own.get(first.get(target)!) ?? [];
      if (before === undefined) continue;
      used.add(before);
      if (!(value instanceof Tensor)) left[before] = `it is ${shown(value)}, not a tensor`;
      else if (!sameShape(value.shape, target.shape)) {
        left[before] = `it has shape ${showShape(value.shape)}, ${wanted} takes ${showShape(target.shape)}`;
      } else values.push(place.isTransposed ? value.detach().transpose() : value);
    }
    if (values.length < pieces.length) missing.push(name);
    else state[name] = values.length === 1 ? values[0]! : noGrad(() => concat(values, 0));
  }
  for (const [name] of own.values()) if (!used.has(name)) left[name] = "the model has no tensor of that name";
  return { state, left, missing };
}

function ownNames(pieces: readonly Counterpart[]): string {
  return pieces.map(({ own }) => own).join(", ");
}

/** What PyTorch's modules around a model, for several GPUs and for compilation, put before all of its names. */
const wrappers = /^(module\.|_orig_mod\.)+/;

/** A name in one spelling for both frameworks: `running_mean` and `runningMean` are the same. */
function spelling(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A name in PyTorch's spelling. */
function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
