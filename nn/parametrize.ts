/**
 * Parametrizations: a parameter of a module is computed from others, at each use.
 *
 * The parameter's field becomes a getter. What it is computed from, and the module that computes it, stand under
 * `parametrizations`, so that walks over fields find them: `parametrizations.weight.original`, or `original0` and `original1`
 * if there are several, and parts of the parametrization as `parametrizations.weight.0`. These are PyTorch's names.
 */
import { checkFlag, checkOptions, misfit, shown } from "../core/internal.ts";
import { noGrad, scope, Tensor } from "../core/mod.ts";
import type { AnyModule } from "./module.ts";
import { Parameter } from "./parameter.ts";
import type { Parametrization } from "./parametrization.ts";
import { type Fields, Parametrized, parametrizedOf } from "./parametrized.ts";
import { checkModule } from "./parts.ts";

/**
 * Has a parameter of a module computed by `parametrization` from now on, at each use and on the graph. Returns the module.
 * Several in a row are applied in the order in which they came.
 *
 * A parameter with one original stays that original, and an optimizer that has it may go on. Reading the field computes
 * anew; assigning to it changes the originals. PyTorch's name is `register_parametrization`.
 *
 * TypeError if the field holds no parameter, or the parametrization gives another shape or type.
 *
 * @example
 * ```ts
 * import { nn, ones, type Tensor } from "deneb";
 *
 * class Symmetric extends nn.Module {
 *   override forward(x: Tensor): Tensor {
 *     return x.triu().add(x.triu(1).transpose());
 *   }
 * }
 * const layer = nn.parametrize(new nn.Linear(3, 3), "weight", new Symmetric());
 * if (layer.weight.sub(layer.weight.transpose()).abs().sum().item() !== 0) throw new Error("not symmetric");
 * if (!Object.hasOwn(layer.stateDict(), "parametrizations.weight.original")) throw new Error("another name");
 * layer.call(ones([1, 3])).sum().backward();
 * ```
 */
export function parametrize<M extends AnyModule>(module: M, name: string, parametrization: Parametrization): M {
  const action = "parametrize";
  checkModule(action, module);
  checkModule(action, parametrization);
  return noGrad(() => {
    using _ = scope();
    const before = parametrizedOf(module, name), fields = module as unknown as Fields, value = fields[name];
    if (before === null && !(value instanceof Parameter)) {
      throw new TypeError(`Cannot ${action}: field ${shown(name)} holds ${shown(value)}, it must hold a parameter`);
    }
    const given = before === null ? parametrization.originalsOf?.(value as Tensor) ?? value as Tensor : value as Tensor;
    const list = given instanceof Tensor ? [given] : given;
    const wrong = misfit(parametrization.call(...list), value as Tensor);
    if (wrong !== null) throw new TypeError(`Cannot ${action}: the value that ${parametrization} gives ${wrong}`);
    parametrization.train(module.training);
    if (before !== null) before.append(parametrization);
    else attach(module, name, parametrization, value as Parameter, given);
    return module;
  });
}

/** Puts a getter in the place of a parameter. */
function attach(
  module: AnyModule,
  name: string,
  part: Parametrization,
  parameter: Parameter,
  given: Tensor | readonly Tensor[],
): void {
  const { outAxis } = parameter, isOne = given instanceof Tensor;
  if (isOne && given !== parameter) parameter.data = given;
  const originals = isOne ? [parameter] : given.map((each) => new Parameter(each, { outAxis }));
  const whole = new Parametrized(part, originals, isOne).train(module.training), fields = module as unknown as Fields;
  fields.parametrizations = { ...fields.parametrizations, [name]: whole };
  Object.defineProperty(module, name, {
    configurable: true,
    // A walk over the fields must find the originals alone.
    enumerable: false,
    get: () => whole.call(),
    set: (value: Tensor) => whole.assign(value),
  });
}

/**
 * Whether a field of a module, or any without a name, is computed by a {@linkcode parametrize}.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const layer = nn.weightNorm(new nn.Linear(2, 2));
 * if (!nn.isParametrized(layer) || nn.isParametrized(layer, "bias")) throw new Error("wrong");
 * ```
 */
export function isParametrized(module: AnyModule, name?: string): boolean {
  checkModule("isParametrized", module);
  if (name !== undefined) return parametrizedOf(module, name) !== null;
  return Object.keys((module as unknown as Fields).parametrizations ?? {}).length > 0;
}

/** Options of {@linkcode removeParametrizations}. */
export interface RemoveOptions {
  /**
   * True (the default): the parameter gets the value that was computed last. False: it gets its original back, which there is
   * only if it is one.
   */
  keepValue?: boolean;
}

/**
 * Makes a parametrized field a parameter again. Returns the module.
 *
 * The parameter is the original itself if there is one only. Otherwise it is new: make the optimizer anew.
 *
 * TypeError for a field that is not parametrized, and for `keepValue: false` where there are several originals.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const layer = nn.weightNorm(new nn.Linear(2, 2)), before = layer.weight.toArray().flat();
 * nn.removeParametrizations(layer, "weight");
 * if (Object.keys(layer.stateDict()).sort().join() !== "bias,weight") throw new Error("not removed");
 * if (layer.weight.toArray().flat().join() !== before.join()) throw new Error("another value");
 * ```
 */
export function removeParametrizations<M extends AnyModule>(module: M, name: string, options: RemoveOptions = {}): M {
  const action = "removeParametrizations";
  checkModule(action, module);
  const { keepValue = true } = checkOptions(action, options, "{ keepValue: false }", ["keepValue"]);
  checkFlag(action, "keepValue", keepValue);
  const whole = parametrizedOf(module, name);
  if (whole === null) throw new TypeError(`Cannot ${action}: field ${shown(name)} is not parametrized`);
  const parameter = whole.parameter(keepValue), fields = module as unknown as Fields;
  const { [name]: _, ...others } = fields.parametrizations!;
  if (Object.keys(others).length > 0) fields.parametrizations = others;
  else delete fields.parametrizations;
  Object.defineProperty(module, name, { configurable: true, enumerable: true, writable: true, value: parameter });
  return module;
}
