/** Examples whose nets look at images: in a few seconds, on digits drawn by code, they are already on their way. */
import { main as classify } from "../../examples/mnist_cnn.ts";
import { main as resnet } from "../../examples/cifar_resnet.ts";
import { main as transfer } from "../../examples/transfer.ts";
import { draw, main as autoencode } from "../../examples/vae_digits.ts";
import { inTemporaryFolder, testWith } from "../permissions.ts";
import { assert, assertEquals, assertMatch } from "../support.ts";

const say = () => {}, digits = { data: "digits", say };

Deno.test("mnist_cnn: the net reads most digits after two rounds", async () => {
  const { losses, accuracy } = await classify({ ...digits, limit: 1000, epochs: 2, batchSize: 50, width: 4 });
  assertEquals(losses.length, 2);
  assert(losses[1]! < losses[0]! / 2, `${losses}`);
  // Chance is 0.1.
  assert(accuracy > 0.6, `accuracy ${accuracy}`);
});

Deno.test("cifar_resnet: by epochs the loss falls, and by the clock the run ends", async () => {
  const { losses, images } = await resnet({ ...digits, limit: 200, epochs: 2, batchSize: 20, lr: 0.05 });
  assertEquals(images, 400);
  const mean = (part: number[]) => part.reduce((sum, loss) => sum + loss, 0) / part.length;
  // Chance is ln 10 = 2.3.
  assert(mean(losses.slice(-5)) < mean(losses.slice(0, 5)) - 0.2, `${losses}`);
  const short = await resnet({ ...digits, limit: 40, seconds: 0.01, batchSize: 20 });
  assertEquals(short.losses.length, 1);
});

testWith(["read", "write"], "vae_digits: the bound falls, and both pictures are drawn", async () => {
  const first = await autoencode({ ...digits, limit: 600, epochs: 1, batchSize: 50, hidden: 64 });
  const result = await autoencode({ ...digits, limit: 600, epochs: 8, batchSize: 50, hidden: 64 });
  assert(result.bound < first.bound - 20, `${first.bound} became ${result.bound}`);
  assertEquals(result.places.length, 600);
  await inTemporaryFolder(async (folder) => {
    await draw(result, folder);
    const plot = await Deno.readTextFile(`${folder}/vae_latent.svg`);
    // One path of points for each digit.
    assertEquals(plot.match(/stroke-linecap="round"/g)?.length, 10);
    assertMatch(plot, /^<svg [^>]*>\n<title>/);
    const png = await Deno.readFile(`${folder}/vae_manifold.png`), view = new DataView(png.buffer);
    assertEquals([view.getUint32(16), view.getUint32(20)], [11 * 28, 11 * 28]);
  });
});

testWith(["read"], "transfer: PyTorch's weights leave less to learn", async () => {
  const { head, scratch } = await transfer({ ...digits, limit: 400, samples: 5, epochs: 30 });
  assert(head > scratch + 0.05, `${head} with PyTorch's weights, ${scratch} without`);
  // Chance is 0.2.
  assert(head > 0.5, `accuracy ${head}`);
});
