/**
 * The kinds of augmentation, as plain data: functions such as `randomCrop` make and check them, and a worker can be sent
 * them. What each does to an image stands in the file of its name.
 */

/** What `randomCrop` makes. */
export interface RandomCrop {
  /** The name of this kind. */
  readonly kind: "crop";
  /** Pixels by which an image moves at most. */
  readonly padding: number;
  /** What stands beyond an image's borders: zeros, or the image mirrored at its outermost pixels. */
  readonly fill: "zeros" | "reflect";
}

/** What `randomFlip` makes. */
export interface RandomFlip {
  /** The name of this kind. */
  readonly kind: "flip";
  /** The share of images that are mirrored. */
  readonly probability: number;
}

/** The least and the largest number that are drawn. */
export type Interval = readonly [low: number, high: number];

/** What `randomAffine` makes. */
export interface RandomAffine {
  /** The name of this kind. */
  readonly kind: "affine";
  /** Angles of the rotation, clockwise. */
  readonly degrees: Interval;
  /** The largest translations along x and y, in shares of the width and the height. */
  readonly translate: readonly [x: number, y: number];
  /** Factors of the size. */
  readonly scale: Interval;
  /** Angles, in degrees, by which columns lean. */
  readonly shear: Interval;
}

/** What `elastic` makes. */
export interface ElasticDistortion {
  /** The name of this kind. */
  readonly kind: "elastic";
  /** The factor of the smoothed displacements. */
  readonly alpha: number;
  /** The deviation of the Gaussian that smooths them, in pixels. */
  readonly sigma: number;
}

/** What `cutout` makes. */
export interface Cutout {
  /** The name of this kind. */
  readonly kind: "cutout";
  /** The side of the square, in pixels. */
  readonly size: number;
}

/** What `normalize` makes. */
export interface Normalization {
  /** The name of this kind. */
  readonly kind: "normalize";
  /** What is subtracted: one number, or one for each channel. */
  readonly mean: number | readonly number[];
  /** What is divided by: one number, or one for each channel. */
  readonly deviation: number | readonly number[];
}

/** What `mixup` and `cutmix` make. */
export interface Mixture {
  /** The name of this kind. */
  readonly kind: "mixup" | "cutmix";
  /** Both parameters of the beta distribution that shares are drawn from. */
  readonly alpha: number;
  /** The number of classes that integer labels become probabilities of; null for targets that are probabilities. */
  readonly classes: number | null;
}

/** An augmentation of single samples, or of batches as wholes. */
export type Augmentation =
  | RandomCrop
  | RandomFlip
  | RandomAffine
  | ElasticDistortion
  | Cutout
  | Normalization
  | Mixture;
