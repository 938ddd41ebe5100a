/**
 * Sample predictions for a run's log: an event `samples` holds a few images, once, and a metric of the validation tells after
 * each epoch what the model says of them.
 */
import { type data, noGrad, scope, type Tensor, type train } from "../../mod.ts";

/** Images and what they are. The caller adds where the run is: epoch, step, seen. */
export interface SamplesEvent {
  kind: "samples";
  /** [channels, height, width]; one channel is grey, three are red, green and blue. */
  shape: [channels: number, height: number, width: number];
  /** The bytes of each image, row by row, one channel after the other, in base64. */
  images: string[];
  labels: number[];
  /** The names of the classes; null where they have none but their numbers. */
  classes: readonly string[] | null;
}

/** How many images are shown. */
export const sampleCount = 12;

/**
 * The first images of a set, whose elements are from 0 to 1. Null for samples that are no images: [height, width], or [channels,
 * height, width] with 1 or 3 channels.
 */
export async function samplesOf(set: data.Dataset, classes: readonly string[] | null): Promise<SamplesEvent | null> {
  const images: string[] = [], labels: number[] = [];
  let shape: SamplesEvent["shape"] | null = null;
  for (let index = 0; index < Math.min(sampleCount, set.length); index++) {
    const [x, y] = await set.get(index);
    using _x = x, _y = y;
    const [channels, height, width] = x.shape.length === 2 ? [1, ...x.shape] : x.shape;
    const isImage = x.shape.length <= 3 && (channels === 1 || channels === 3) && height !== undefined &&
      width !== undefined;
    if (!isImage || (shape !== null && shape.join() !== `${channels},${height},${width}`)) return null;
    shape = [channels, height, width];
    images.push(Uint8Array.from(x.toTypedArray() as Float32Array, byteOf).toBase64());
    labels.push(Number(y.item()));
  }
  return shape && { kind: "samples", shape, images, labels, classes };
}

function byteOf(value: number): number {
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}

/**
 * A metric: what the model says of the first samples of a validation set, which its loader must not shuffle. Its value is of
 * each the likeliest class and that class's probability.
 */
export class SamplePredictions implements train.Metric {
  readonly name = "samples";
  readonly #predictions: number[] = [];
  readonly #probabilities: number[] = [];

  /** Takes logits [batch, classes]. */
  update(logits: Tensor): void {
    const wanted = sampleCount - this.#predictions.length;
    if (wanted <= 0) return;
    using _ = scope();
    const rows = noGrad(() => logits.softmax(-1)).toArray<number[][]>();
    for (const row of rows.slice(0, wanted)) {
      const highest = Math.max(...row);
      this.#predictions.push(row.indexOf(highest));
      this.#probabilities.push(Number(highest.toPrecision(6)));
    }
  }

  value(): { predictions: number[]; probabilities: number[] } {
    return { predictions: [...this.#predictions], probabilities: [...this.#probabilities] };
  }

  reset(): void {
    this.#predictions.length = this.#probabilities.length = 0;
  }
}
