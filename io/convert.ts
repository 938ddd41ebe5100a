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
  /** Its names there: several if it is there in pieces. */
  readonly names: readonly string[];
  /** Further names of the same tensor there. */
  readonly also: readonly string[];
}

/** What stands under a name in PyTorch's state: tensors of the model one behind the other, or a part of a single one. */
interface Stock {
  /** The name, in PyTorch's spelling. */
  readonly name: string;
  readonly pieces: Counterpart[];
}

function counterpartsOf(model: AnyModule): Counterpart[] {
  const modules = new Map(model.namedModules());
  return tensorsOf(model, true).map(([own, target]) => {
    const { before, place, name } = placeIn(modules, own), there = (name: string) => under(before, name);
    return { own, target, place, names: [place.name ?? name].flat().map(there), also: (place.also ?? []).map(there) };
  });
}

/** What PyTorch's state holds, by names in the common spelling. */
function stockOf(counterparts: readonly Counterpart[]): Map<string, Stock> {
  const stock = new Map<string, Stock>();
  for (const counterpart of counterparts) {
    for (const name of counterpart.names) {
      const key = spelling(name);
      if (!stock.has(key)) stock.set(key, { name, pieces: [] });
      stock.get(key)!.pieces.push(counterpart);
    }
  }
  for (const { pieces } of stock.values()) pieces.sort((a, b) => (a.place.piece ?? 0) - (b.place.piece ?? 0));
  return stock;
}

/** What a state has, each tensor under its first name, or a shared one under all of its names. */
function tensorsOf(model: AnyModule, shared: boolean = false): [name: string, tensor: Tensor][] {
  const buffers = model.namedBuffers({ shared }).filter(([, { persistent }]) => persistent);
  return [...model.namedParameters({ shared }), ...buffers];
}

/**
 * Where a tensor stands in PyTorch. On the way from the model to the tensor each module is asked, but for those inside a part
 * that an outer one speaks of: what an outer module says counts.
 */
function placeIn(
  modules: ReadonlyMap<string, AnyModule>,
  own: string,
): { before: string; name: string; place: PytorchPlace } {
  const walk = (path: string, before: string): { before: string; name: string; place: PytorchPlace } => {
    const rest = own.slice(path === "" ? 0 : path.length + 1), places = modules.get(path)!.pytorchPlaces();
    const steps = rest.split("."), starts = steps.map((_, k) => steps.slice(0, k + 1).join("."));
    // A list of parts may be spoken of as a whole: `blocks` for `blocks.0`.
    const said = starts.findLast((start) => Object.hasOwn(places, start)),
      place = said === undefined ? {} : places[said]!;
    if (said === rest) return { before, name: snake(rest), place };
    const renamed = (part: string) =>
      said === undefined
        ? snake(part)
        : under([place.name ?? snake(said)].flat()[0]!, snake(part.slice(said.length + 1)));
    const part = starts.slice(0, -1).find((start) =>
      start.length >= (said ?? "").length && modules.has(under(path, start))
    );
    if (part === undefined) return { before, name: renamed(rest), place: {} };
    return walk(under(path, part), under(before, renamed(part)));
  };
  return walk("", "");
}

/** A name below another one, either of which may be empty. */
function under(before: string, name: string): string {
  return before === "" || name === "" ? before + name : `${before}.${name}`;
}

/** The shape that a part of a tensor of a model has in PyTorch: all of it, unless it is there in pieces of equal length. */
function shapeInPytorch({ target: { shape }, place, names }: Counterpart): readonly number[] {
  const [length = 1, ...others] = place.isTransposed ? shape.toReversed() : shape;
  return names.length === 1 ? (place.isTransposed ? shape.toReversed() : shape) : [length / names.length, ...others];
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
  const counterparts = counterpartsOf(model), stock = stockOf(counterparts), left: Record<string, string> = {};
  const shared = new Map(counterparts.flatMap(({ also, names }) => also.map((name) => [spelling(name), names[0]])));
  /** The tensors of each name, cut into the pieces that stand there. */
  const found = new Map<string, ReadonlyMap<Counterpart, Tensor>>();
  for (const [full, value] of Object.entries(given)) {
    const name = renamed(full.slice(prefix.length)), bare = name.replace(wrappers, "");
    const key = [name, bare].map(spelling).find((key) => stock.has(key)) ?? "";
    const pieces = stock.get(key)?.pieces, shapes = pieces?.map(shapeInPytorch) ?? [], wanted = joined(shapes);
    if (!full.startsWith(prefix)) left[full] = `it does not begin with ${prefix}`;
    else if (!(value instanceof Tensor)) left[full] = `it is ${shown(value)}, not a tensor`;
    else if (pieces === undefined) {
      left[full] = /(^|\.)num_batches_tracked$/.test(full)
        ? "the model counts no batches, since its momentum is fixed"
        : shared.has(spelling(bare))
        ? `the model has one tensor for it and ${shared.get(spelling(bare))}`
        : "the model has no tensor of that name";
    } else if (found.has(key)) left[full] = `another tensor was taken for ${ownNames(pieces)}`;
    else if (!sameShape(value.shape, wanted)) {
      left[full] = `it has shape ${showShape(value.shape)}, ${ownNames(pieces)} takes ${showShape(wanted)}`;
    } else {
      const parts = pieces.length === 1 ? [value] : value.detach().split(shapes.map(([length]) => length!), 0);
      found.set(key, new Map(pieces.map((piece, k) => [piece, parts[k]!])));
    }
  }
  const state: StateDict = {}, filled = new Set<Tensor>();
  for (const each of counterparts) {
    const parts = each.names.map((name) => found.get(spelling(name))?.get(each)).filter((part) => part !== undefined);
    if (parts.length < each.names.length) continue;
    state[each.own] = turned(inOne(parts), each.place);
    filled.add(each.target);
  }
  const missing = tensorsOf(model).filter(([, tensor]) => !filled.has(tensor)).map(([name]) => name);
  return { state, left, missing };
}

function toPytorch(
  given: Readonly<StateDict>,
  prefix: string,
  renamed: (name: string) => string,
  model: AnyModule,
): Converted {
  const counterparts = counterpartsOf(model), left: Record<string, string> = {};
  const own = new Map(Object.entries(given).map(([name, value]) => [renamed(name), [name, value] as const]));
  // A state of ours has a shared tensor once, and one of PyTorch under each of its names.
  const first = new Map(tensorsOf(model).map(([name, tensor]) => [tensor, name]));
  const known = new Set(counterparts.map(({ own }) => own)), found = new Map<Counterpart, readonly Tensor[]>();
  for (const [name, [before]] of own) if (!known.has(name)) left[before] = "the model has no tensor of that name";
  for (const each of counterparts) {
    const [before, value] = own.get(each.own) ?? own.get(first.get(each.target)!) ?? [];
    if (before === undefined) continue;
    if (!(value instanceof Tensor)) left[before] = `it is ${shown(value)}, not a tensor`;
    else if (!sameShape(value.shape, each.target.shape)) {
      left[before] = `it has shape ${showShape(value.shape)}, ${each.own} takes ${showShape(each.target.shape)}`;
    } else {
      const whole = turned(value, each.place), count = each.names.length;
      found.set(each, count === 1 ? [whole] : whole.detach().chunk(count, 0));
    }
  }
  const state: StateDict = {}, missing: string[] = [];
  for (const [key, { name, pieces }] of stockOf(counterparts)) {
    const parts = pieces.map((piece) => found.get(piece)?.[piece.names.findIndex((each) => spelling(each) === key)]);
    const values = parts.filter((part) => part !== undefined);
    if (values.length < parts.length) missing.push(prefix + name);
    else for (const each of [name, ...pieces[0]!.also]) state[prefix + each] = inOne(values);
  }
  return { state, left, missing };
}

/** A tensor with its two axes in the other order, if the place has them so. */
function turned(tensor: Tensor, { isTransposed = false }: PytorchPlace): Tensor {
  return isTransposed ? tensor.detach().transpose() : tensor;
}

/** Tensors one behind the other along axis 0. */
function inOne(parts: readonly Tensor[]): Tensor {
  return parts.length === 1 ? parts[0]! : noGrad(() => concat(parts, 0));
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
