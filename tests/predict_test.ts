/** `deno task predict`: what is made of a picture of a digit, what is printed, and what is refused. */
import { readImage } from "../data/images/mod.ts";
import { noGrad, setDefaultDevice, tensor } from "../mod.ts";
import { picture } from "../tools/picture.ts";
import { toDigit } from "../tools/predict/digit.ts";
import { makeConfig } from "../tools/train/config.ts";
import { buildModel, type ImageInfo, saveModel } from "../tools/train/model.ts";
import fixtures from "./fixtures/images.json" with { type: "json" };
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertClose, assertEquals, assertMatch, assertThrowsLike, fromFileUrl } from "./support.ts";

/** A grey image of a paper with a rectangle of ink. */
function drawn(height: number, width: number, [top, left, tall, wide]: readonly number[], paper = 250, ink = 20) {
  const data = new Uint8Array(height * width).fill(paper);
  for (let row = top!; row < top! + tall!; row++) data.fill(ink, row * width + left!, row * width + left! + wide!);
  return { data, shape: [1, height, width] as const };
}

/** The rectangle of full ink in an image of 28 x 28: top, left, height, width. */
function boxOf(pixels: Uint8Array): number[] {
  const full = [...pixels.keys()].filter((k) => pixels[k] === 255);
  const rows = full.map((k) => Math.floor(k / 28)), columns = full.map((k) => k % 28);
  const [top, left] = [Math.min(...rows), Math.min(...columns)];
  return [top, left, Math.max(...rows) - top + 1, Math.max(...columns) - left + 1];
}

// MNIST's own centres of mass lie at 14 in rows and columns counted from 0, within half a pixel.
testWith([], "toDigit() makes white ink on black in a box of 20 x 20, its centre of mass in the middle", () => {
  const cases: [image: ReturnType<typeof drawn>, box: number[], isInverted: boolean][] = [
    [drawn(200, 300, [10, 20, 100, 40]), [5, 11, 20, 8], true],
    [drawn(200, 300, [150, 250, 20, 50], 5, 240), [11, 5, 8, 20], false],
    [drawn(40, 40, [0, 0, 40, 10]), [5, 12, 20, 5], true],
    [drawn(9, 9, [3, 3, 2, 2], 30, 90), [5, 5, 20, 20], false],
    [drawn(500, 500, [100, 250, 300, 1]), [5, 14, 20, 1], true],
    // An image that has the size and is black around is one of MNIST: nothing moves.
    [drawn(28, 28, [3, 2, 10, 6], 0, 255), [3, 2, 10, 6], false],
    [drawn(28, 28, [3, 2, 10, 6], 255, 0), [3, 2, 10, 6], true],
  ];
  for (const [image, box, isInverted] of cases) {
    const found = toDigit(image);
    assertEquals([boxOf(found.pixels), found.isInverted], [box, isInverted]);
    assertEquals(found.pixels.length, 784);
  }
  for (const blank of [drawn(50, 50, [0, 0, 0, 0]), drawn(50, 50, [9, 9, 9, 9], 200, 190), drawn(1, 1, [0, 0, 0, 0])]) {
    assertThrowsLike(() => toDigit(blank), /RangeError: it is blank/);
  }
});

testWith([], "picture() draws two pixels as a character, and leaves some out where there are too many", () => {
  const grey = [1, 0, 1, 0, 1, 1, 0.5, 0.3, 0];
  assertEquals(picture(grey, [1, 3, 3], { colours: false }), ["▀▄█", "▀  "]);
  assertEquals(picture(grey, [1, 3, 3], { colours: false, margin: 1 }), ["▀"]);
  assertEquals(picture([1, 0, 0, 1, 0, 0.5], [3, 2, 1], { colours: true }), ["\x1b[38;5;196m\x1b[48;5;49m▀\x1b[0m"]);
  const [wide] = picture(new Float32Array(200), [1, 1, 200], { colours: false });
  assertEquals(wide!.length, 50);
});

const digits: ImageInfo = { image: [1, 28, 28], classes: [..."0123456789"], statistics: null };
const colours: ImageInfo = {
  image: [3, 11, 13],
  classes: ["rose", "tulip\x1b[2J"],
  statistics: { mean: [0.4, 0.5, 0.6], deviation: [0.2, 0.3, 0.25] },
};

testWith(
  ["read", "write", "run", "env"],
  "deno task predict says what the model of a run sees in images",
  () =>
    inTemporaryFolder(async (folder) => {
      await setDefaultDevice("wasm");
      const config = makeConfig({ width: 4, depth: 1 }),
        models = new Map<string, Awaited<ReturnType<typeof buildModel>>>();
      await Deno.mkdir(`${folder}/run`);
      for (const [name, info] of [["run/model", digits], ["flowers", colours]] as const) {
        const model = await buildModel(config, info);
        model.eval();
        await saveModel(`${folder}/${name}.safetensors`, model, config, info);
        models.set(name, model);
      }
      await saveModel(
        `${folder}/two.safetensors`,
        models.get("flowers")!,
        config,
        { ...colours, image: [2, 2, 2] } as ImageInfo,
      );
      const write = (name: string, bytes: Uint8Array) => Deno.writeFile(`${folder}/${name}`, bytes);
      await write("photo.png", Uint8Array.fromBase64(fixtures.images["rgb.png"].file));
      await write("cut.png", Uint8Array.fromBase64(fixtures.images["rgb.png"].file).slice(0, 99));
      const predict = async (...words: string[]) => {
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["task", "--quiet", "predict", "--device", "wasm", ...words],
          cwd: fromFileUrl(new URL("..", import.meta.url)),
          env: { NO_COLOR: "1" },
        }).output();
        const [said, complaint] = [stdout, stderr].map((bytes) =>
          new TextDecoder().decode(bytes).replaceAll(folder, "HERE")
        );
        return { code, said: said!, complaint: complaint! };
      };
      const at = (name: string) => `${folder}/${name}`;

      const flowers = await predict(at("flowers.safetensors"), at("photo.png"), "--json");
      const { path, isInverted, classes } = JSON.parse(flowers.said);
      assertEquals([flowers.code, path, isInverted], [0, "HERE/photo.png", false]);
      // The image has the model's size, so it sees the very pixels.
      const { data, shape } = await readImage(at("photo.png")), { mean, deviation } = colours.statistics!;
      const x = Float32Array.from(data, (byte, k) => {
        const channel = Math.floor(k / (11 * 13));
        return (byte / 255 - mean[channel]!) / deviation[channel]!;
      });
      const input = tensor(x, { shape: [1, ...shape] });
      const wanted = noGrad(() => models.get("flowers")!.call(input).softmax(-1)).toArray<number[][]>()[0]!;
      const found = colours.classes.map((name) =>
        classes.find((each: { name: string }) => each.name === name).probability
      );
      assertClose(found, wanted, { absolute: 1e-5 });
      assert(classes[0].probability >= classes[1].probability);

      const both = await predict(at("run"), at("cut.png"), at("photo.png"), at("none.png"));
      assertEquals(both.code, 1);
      assertMatch(both.said, /^HERE\/photo\.png: \d\n( {2}\d +\d+\.\d %\n){3} {2}It is dark on light; the model/);
      assertMatch(
        both.complaint,
        /^Cannot read HERE\/cut\.png: it is cut.*\nCannot read HERE\/none\.png: there is no such/,
      );
      assertEquals((await predict(at("flowers.safetensors"), at("photo.png"))).said.includes("\x1b"), false);

      const refused: [words: string[], message: RegExp][] = [
        [[], /Cannot predict: a model and images are missing/],
        [[at("run")], /Cannot predict: images are missing/],
        [[at("none"), at("photo.png")], /Cannot open model HERE\/none: there is no such folder or file/],
        [[folder, at("photo.png")], /Cannot .*HERE\/model\.safetensors/],
        [[at("photo.png"), at("photo.png")], /Cannot .*HERE\/photo\.png/],
        [[at("two.safetensors"), at("photo.png")], /Cannot open model HERE\/two\.safetensors: /],
        [[at("run"), at("photo.png"), "--jsn"], /there is no --jsn; did you mean --json\?/],
        [[at("run"), at("photo.png"), "--model"], /--model stands last, it needs a value/],
      ];
      for (const [words, message] of refused) {
        const { code, said, complaint } = await predict(...words);
        assertEquals([code, said], [1, ""]);
        assertMatch(complaint, message);
      }
    }),
);
