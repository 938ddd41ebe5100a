/** The examples with few steps: they do what their heads promise, and their loss falls. */
import { devices, setDefaultDevice } from "../mod.ts";
import { main as mnist } from "../examples/mnist.ts";
import { main as xor } from "../examples/xor.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertEquals } from "./support.ts";

for (const { name, available } of devices()) {
  Deno.test({
    name: `xor: learns all four points [${name}]`,
    ignore: !available,
    async fn() {
      await setDefaultDevice(name);
      const { losses, predictions } = xor({ steps: 300 });
      await setDefaultDevice();
      assert(losses.at(-1)! < losses[0]! / 5, `${losses[0]} became ${losses.at(-1)}`);
      assertEquals(predictions.map(Math.round), [0, 1, 1, 0]);
    },
  });
}

const small = { data: "digits", limit: 600, epochs: 3, batchSize: 50, width: 32, depth: 1, say: () => {} };

testWith(["read", "write"], "mnist: trains on drawn digits, saves, and loads what it tests", async () => {
  await inTemporaryFolder(async (folder) => {
    const { losses, accuracy, guess, path } = await mnist({ ...small, path: `${folder}/model.safetensors` });
    assertEquals(losses.length, 3);
    assert(losses[2]! < losses[0]!, `${losses}`);
    assert(accuracy > 0.3, `accuracy ${accuracy}`);
    assert(Number.isInteger(guess) && guess >= 0 && guess < 10, `${guess}`);
    assert((await Deno.stat(path)).size > 4 * 784 * 32);
  });
});

testWith(["read", "write"], "mnist: the same seed gives the same losses", async () => {
  await inTemporaryFolder(async (folder) => {
    const run = () => mnist({ ...small, limit: 100, epochs: 1, path: `${folder}/model` });
    assertEquals((await run()).losses, (await run()).losses);
  });
});
