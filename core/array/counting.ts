/** The count of multiplications that products and convolutions become. */
import { computingPlaces, costOf } from "./costs.ts";
import { openStreams } from "./devices.ts";
import { meter, setMeter } from "./stream.ts";

/** Runs `body` and has `add` told of the multiplications in its instructions, but those that an inner call is told of. */
export function countingProducts<T>(add: (multiplyAdds: number) => void, body: () => T): T {
  const flush = () => {
    for (const stream of openStreams()) stream.flush();
  };
  // What waits belongs to whoever wrote it.
  flush();
  const before = meter;
  setMeter((_stream, words, _metered, run) => {
    const own = words.slice(), count = computingPlaces(own).reduce((sum, at) => sum + costOf(own, at).multiplyAdds, 0);
    run();
    if (count > 0) add(count);
  });
  try {
    return body();
  } finally {
    flush();
    setMeter(before);
  }
}
