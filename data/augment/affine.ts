/** Random affine maps about the middle of the image. */
import type { Interval, RandomAffine } from "./kinds.ts";
import { makeResampler } from "./resample.ts";
import { imageShape, type Step } from "./step.ts";

/**
 * Each pixel p of the result is read at the place q with p = c + t + s R H (q - c): H the shear, R the rotation, s the scale,
 * t the translation, c the middle of the image.
 */
export function affineStep({ degrees, translate, scale, shear }: RandomAffine, shape: readonly number[]): Step {
  const image = imageShape("warp", shape), [, height, width] = image;
  const { x, y, resample } = makeResampler(image);
  const middleX = (width - 1) / 2, middleY = (height - 1) / 2;
  return (data, start, random) => {
    const angle = between(degrees) * Math.PI / 180;
    const right = (2 * random.between(0, 1) - 1) * translate[0] * width;
    const down = (2 * random.between(0, 1) - 1) * translate[1] * height;
    const factor = 1 / between(scale), lean = Math.tan(between(shear) * Math.PI / 180);
    const cosine = factor * Math.cos(angle), sine = factor * Math.sin(angle);
    // The inverse: H⁻¹ R⁻¹ / s, where H takes (x, y) to (x - y tan(shear), y).
    const xFromX = cosine - lean * sine, xFromY = sine + lean * cosine;
    for (let row = 0, pixel = 0; row < height; row++) {
      const fromDown = row - middleY - down;
      for (let column = 0; column < width; column++, pixel++) {
        const fromRight = column - middleX - right;
        x[pixel] = middleX + xFromX * fromRight + xFromY * fromDown;
        y[pixel] = middleY - sine * fromRight + cosine * fromDown;
      }
    }
    resample(data, start);

    function between([low, high]: Interval): number {
      return random.between(low, high);
    }
  };
}
