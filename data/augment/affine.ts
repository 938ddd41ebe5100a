/** Random affine maps about the middle of the image. */
import type { Interval, RandomAffine } from "./kinds.ts";
import { imageShape } from "./step.ts";
import type { Warp } from "./warp.ts";

/**
 * What is seen at p stood at q, with p = c + t + s R H (q - c): H the shear, R the rotation, s the scale, t the translation, c
 * the middle of the image.
 */
export function affineWarp({ degrees, translate, scale, shear }: RandomAffine, shape: readonly number[]): Warp {
  const [, height, width] = imageShape("warp", shape);
  const middleX = (width - 1) / 2, middleY = (height - 1) / 2;
  return (x, y, random) => {
    const between = ([low, high]: Interval) => random.between(low, high);
    const angle = between(degrees) * Math.PI / 180;
    const right = (2 * random.between(0, 1) - 1) * translate[0] * width + middleX;
    const down = (2 * random.between(0, 1) - 1) * translate[1] * height + middleY;
    const factor = 1 / between(scale), lean = Math.tan(between(shear) * Math.PI / 180);
    const cosine = factor * Math.cos(angle), sine = factor * Math.sin(angle);
    // The inverse: H⁻¹ R⁻¹ / s, where H takes (x, y) to (x - y tan(shear), y).
    const xFromX = cosine - lean * sine, xFromY = sine + lean * cosine;
    for (let pixel = 0; pixel < x.length; pixel++) {
      const fromRight = x[pixel]! - right, fromDown = y[pixel]! - down;
      x[pixel] = middleX + xFromX * fromRight + xFromY * fromDown;
      y[pixel] = middleY - sine * fromRight + cosine * fromDown;
    }
  };
}
