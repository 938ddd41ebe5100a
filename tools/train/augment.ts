/**
 * The list of `--augment`: names with their numbers, such as `crop:4,flip,affine:15:0.1`, and what each makes. They are applied
 * in the list's order, mixtures last.
 */
import { nearest, shown } from "../../core/pure/check.ts";
import { data } from "../../mod.ts";

/** An augmentation by its name. */
interface Kind {
  /** Its numbers, as messages and the documentation show them; those in brackets may be left out. */
  readonly usage: string;
  /** How many numbers it takes, at least and at most. */
  readonly numbers: readonly [least: number, most: number];
  readonly make: (numbers: readonly number[], classes: number) => data.Augmentation;
  /** Whether it is for pixels that are normalized already: zeros that it puts in are then the mean. */
  readonly isLate?: true;
}

const kinds: Readonly<Record<string, Kind>> = {
  crop: { usage: "crop:PIXELS", numbers: [1, 1], make: ([pixels]) => data.randomCrop(pixels!) },
  flip: { usage: "flip[:SHARE]", numbers: [0, 1], make: ([share = 0.5]) => data.randomFlip(share) },
  affine: {
    usage: "affine:DEGREES[:SHIFT[:SCALE[:SHEAR]]]",
    numbers: [1, 4],
    make: ([degrees, translate = 0, scale = 0, shear = 0]) =>
      data.randomAffine({ degrees: degrees!, translate, scale, shear }),
  },
  elastic: {
    usage: "elastic:ALPHA:SIGMA",
    numbers: [2, 2],
    make: ([alpha, sigma]) => data.elastic({ alpha: alpha!, sigma: sigma! }),
  },
  cutout: { usage: "cutout:PIXELS", numbers: [1, 1], make: ([pixels]) => data.cutout(pixels!), isLate: true },
  mixup: {
    usage: "mixup:ALPHA",
    numbers: [1, 1],
    make: ([alpha], classes) => data.mixup(alpha!, { classes }),
    isLate: true,
  },
  cutmix: {
    usage: "cutmix:ALPHA",
    numbers: [1, 1],
    make: ([alpha], classes) => data.cutmix(alpha!, { classes }),
    isLate: true,
  },
};

/**
 * The augmentations of a list, for labels of so many classes, with a normalization, if there is one, where it belongs: behind
 * those that move pixels. RangeError for a name that there is not, and for numbers that are too many, too few or out of range.
 */
export function parseAugmentations(
  list: string,
  classes: number,
  normalization: readonly data.Augmentation[] = [],
): data.Augmentation[] {
  const items = list.trim() === "" ? [] : list.split(",").map((item) => item.trim());
  const made = items.map((item) => parseItem(list, item, classes));
  const late = items.findIndex((item) => kinds[nameOf(item)]!.isLate), place = late < 0 ? made.length : late;
  return [...made.slice(0, place), ...normalization, ...made.slice(place)];
}

function nameOf(item: string): string {
  return item.split(":")[0]!;
}

function parseItem(list: string, item: string, classes: number): data.Augmentation {
  const name = nameOf(item), refuse = (why: string) => new RangeError(`Cannot augment by ${shown(list)}: ${why}`);
  if (!Object.hasOwn(kinds, name)) {
    const near = nearest(name, Object.keys(kinds));
    const told = near === null ? `it must be one of ${Object.keys(kinds).join(", ")}` : `did you mean ${near}?`;
    throw refuse(`there is no ${shown(name)}; ${told}`);
  }
  const { usage, numbers: [least, most], make } = kinds[name]!;
  const numbers = item.split(":").slice(1).map((word) => word.trim() === "" ? NaN : Number(word));
  if (numbers.length < least || numbers.length > most || !numbers.every(Number.isFinite)) {
    throw refuse(`${shown(item)} must be ${usage}`);
  }
  try {
    return make(numbers, classes);
  } catch (cause) {
    throw refuse((cause as Error).message);
  }
}
