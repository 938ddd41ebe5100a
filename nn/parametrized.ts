/** Parametrized: what stands in the place of a parameter that is computed from others. */
import { group, misfit, refuse } from "../core/internal.ts";
import { noGrad, scope, Tensor } from "../core/mod.ts";
import { ListOf } from "./list.ts";
import type { AnyModule, PytorchPlace } from "./module.ts";
import { Parameter } from "./parameter.ts";
import type { Parametrization } from "./parametrization.ts";
import { checkModule } from "./parts.ts";

/** A parametrized tensor of a module: its originals, and the parametrizations that are applied to them in a row. */
export class Parametrized extends ListOf<Parametrization, [], Tensor> {
  readonly #originals: readonly Parameter[];
  readonly #isOne: boolean;

  /** @ignore */
  constructor(parametrization: Parametrization, originals: readonly Parameter[], isOne: boolean) {
    super();
    this.#originals = originals;
    this.#isOne = isOne;
    this.fill("parametrize", [parametrization]);
  }

  /** @ignore The axis of the outputs. */
  get outAxis(): 0 | 1 {
    return this.#originals[0]!.outAxis;
  }

  /** The value, computed from the originals. */
  override forward(): Tensor {
    // Without a graph, only the value is kept of what is computed.
    return group(() => {
      let value: Tensor | null = null;
      for (const part of this) value = part.call(...(value === null ? this.#originals : [value]));
      return value!;
    });
  }

  /** Has the originals give a value, as `module.weight = value` does. TypeError if a part does not say how, and for another shape or type. */
  assign(value: Tensor): void {
    if (!(value instanceof Tensor)) refuse("assign to a parametrized tensor", value, "a tensor");
    noGrad(() => {
      using _ = scope();
      const pulled = [...this].reverse().reduce<Tensor | readonly Tensor[]>(
        (value, part) => value instanceof Tensor && part.originalsOf !== undefined ? part.originalsOf(value) : value,
        value,
      );
      const list = pulled instanceof Tensor ? [pulled] : pulled;
      list.forEach((original, place) => {
        const wrong = misfit(original, this.#originals[place]!);
        if (wrong !== null) {
          throw new TypeError(`Cannot assign to a parametrized tensor: the value's original ${wrong}`);
        }
      });
      list.forEach((original, place) => this.#originals[place]!.data = original.cast(this.#originals[place]!.dtype));
    });
  }

  /** @ignore What becomes of the field without its parametrizations. */
  parameter(keepValue: boolean): Parameter {
    const [first] = this.#originals;
    if (!keepValue && !this.#isOne) {
      throw new TypeError(
        "Cannot removeParametrizations: of several originals none is the value; leave keepValue true",
      );
    }
    if (!keepValue) return first!;
    return noGrad(() => {
      using _ = scope();
      const value = this.call();
      if (!this.#isOne) return new Parameter(value, { outAxis: first!.outAxis });
      first!.data = value;
      return first!;
    });
  }

  /** Originals lie in PyTorch as the parameter did. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    const turned = this.fields().filter(([, value]) =>
      value instanceof Parameter && value.outAxis === 1 && value.shape.length === 2
    );
    return Object.fromEntries(turned.map(([name]) => [name, { isTransposed: true }]));
  }

  /** @ignore */
  protected override admit(action: string, item: unknown): Parametrization {
    return checkModule(action, item);
  }

  /** @ignore */
  protected override fields(): [name: string, value: unknown][] {
    const named = this.#originals.map((
      each,
      k,
    ): [string, unknown] => [this.#isOne ? "original" : `original${k}`, each]);
    return [...named, ...super.fields()];
  }
}

/** A module whose tensors are parametrized, as an object. */
export type Fields = Record<string, unknown> & { parametrizations?: Record<string, Parametrized> };

/** What a parametrized field stands for; null for a field that is not parametrized. */
export function parametrizedOf(module: AnyModule, name: string): Parametrized | null {
  const { parametrizations } = module as unknown as Fields;
  return parametrizations !== undefined && Object.hasOwn(parametrizations, name) ? parametrizations[name]! : null;
}

/** The axis of the outputs of the parameter in a field, or of what it is computed from. */
export function outAxisOf(module: AnyModule, name: string): 0 | 1 {
  const parametrized = parametrizedOf(module, name);
  if (parametrized !== null) return parametrized.outAxis;
  const value = (module as unknown as Fields)[name];
  return value instanceof Parameter ? value.outAxis : 0;
}
