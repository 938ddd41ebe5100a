/** Elements in another place or type: picked by index, on another device, cast. */
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("places", {
  ToDevice: { f: (a) => a.to("wasm").mul(2).to(a.device), inputs: [m] },
  Cast: { f: (a) => a.cast("float64"), inputs: [m] },
  Take: { f: (a) => a.take([2, 0, 2], 1), inputs: [m] },
});
