/** Examples whose nets learn from something else than labels: with fewer steps than by default they are already on their way. */
import { main as balance } from "../../examples/cart_pole.ts";
import { main as rings } from "../../examples/gan_rings.ts";
import { main as heat } from "../../examples/pinn.ts";
import { assert } from "../support.ts";

const say = () => {};

Deno.test("pinn: the net comes near the solution that it was never told", () => {
  const { losses, mean } = heat({ steps: 300, points: 64, say });
  assert(losses.at(-1)! < losses[0]! / 100, `${losses[0]} became ${losses.at(-1)}`);
  // The solution's own mean is 0.4.
  assert(mean < 0.05, `mean distance ${mean}`);
});

Deno.test("gan_rings: made points gather on both rings", () => {
  const { near, outer } = rings({ steps: 1500, say });
  // Those of an untrained net lie in the middle, near none.
  assert(near > 0.2, `${near} are near a ring`);
  assert(outer > 0.02 && outer < 0.98, `${outer} of these on the outer one`);
});

Deno.test("cart_pole: the pole stands longer than by chance", () => {
  const { tests } = balance({ moves: 8000, batchSize: 64, say });
  const mean = tests.reduce((sum, each) => sum + each, 0) / tests.length;
  // Pushes by chance keep it up for some 22 moves.
  assert(mean > 40, `${mean} moves`);
});
