/** The same elements in another shape or order. */
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("views", {
  Transpose: { f: (a) => a.transpose([2, 0, 1]), inputs: [[2, 3, 2]] },
  Reshape: { f: (a) => a.transpose().reshape([3, -1]), inputs: [m] },
  BroadcastTo: { f: (a) => a.broadcastTo([2, 2, 3]), inputs: [m] },
  Slice: { f: (a) => a.at("::-1, 1:"), inputs: [m] },
});
