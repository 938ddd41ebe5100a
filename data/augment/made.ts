/** Which objects are augmentations: those that the functions of their names have checked and made. */
import { refuse } from "../../core/internal.ts";
import type { Augmentation } from "./kinds.ts";

const all = new WeakSet<object>();

/** The augmentation itself, which nobody can change any more. */
export function made<Kind extends Augmentation>(one: Kind): Kind {
  all.add(Object.freeze(one));
  return one;
}

/** The list as it is at present. TypeError unless it is a list of augmentations. */
export function checkAugmentations(action: string, list: readonly Augmentation[]): readonly Augmentation[] {
  if (!Array.isArray(list)) refuse(action, list, "a list of augmentations, such as [data.randomFlip()]");
  return Array.from(list, (one: Augmentation) => {
    if (typeof one !== "object" || one === null || !all.has(one)) {
      refuse(action, one, "an augmentation, such as data.randomFlip() makes");
    }
    return one;
  });
}
