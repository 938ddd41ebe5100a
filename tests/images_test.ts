/** PNG and JPEG files, against the pixels that Pillow reads in them, and whatever is wrong with a file. */
import { readImage } from "../data/images/mod.ts";
import fixtures from "./fixtures/images.json" with { type: "json" };
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertEquals, assertRejectsLike } from "./support.ts";

const bytesOf = (text: string) => Uint8Array.fromBase64(text);
const images = Object.entries(fixtures.images);
const fileOf = (name: keyof typeof fixtures.images) => bytesOf(fixtures.images[name].file);

testWith([], "readImage() gives Pillow's pixels of every kind of PNG and JPEG file", async () => {
  for (const [name, { file, size, rgb, grey }] of images) {
    const colour = await readImage(bytesOf(file)), plain = await readImage(bytesOf(file), { channels: 1 });
    assertEquals(colour, { data: bytesOf(rgb), shape: [3, size[0]!, size[1]!] }, name);
    assertEquals(plain, { data: bytesOf(grey), shape: [1, size[0]!, size[1]!] }, name);
  }
});

testWith([], "readImage() resizes as Pillow does", async () => {
  for (const [channels, cases] of [[3, fixtures.resized.rgb], [1, fixtures.resized.grey]] as const) {
    for (const { size, pixels } of cases) {
      const [height, width] = size as [number, number];
      const { data, shape } = await readImage(fileOf("rgb.png"), { channels, size: [height, width] });
      assertEquals(shape, [channels, height, width]);
      // Pillow takes the columns before the rows where that is faster, which may round another way.
      const wanted = bytesOf(pixels), most = Math.max(...data.map((byte, k) => Math.abs(byte - wanted[k]!)));
      assertEquals(data.length, wanted.length);
      assert(most <= 1, `${shape}: a byte differs by ${most}`);
    }
  }
});

testWith(
  ["read", "write"],
  "readImage() reads a file by its bytes, whatever its name says",
  () =>
    inTemporaryFolder(async (folder) => {
      await Deno.writeFile(`${folder}/a.jpg`, fileOf("rgb.png"));
      assertEquals(await readImage(`${folder}/a.jpg`), await readImage(fileOf("rgb.png")));
      await assertRejectsLike(() => readImage(`${folder}/b.png`), /Cannot read .*b\.png: there is no such file/);
      await assertRejectsLike(() => readImage(folder), /Cannot read /);
    }),
);

/** A PNG file of one row of bytes, whose header claims other sizes. */
async function png({ width = 1, height = 1, depth = 8, colourType = 0, interlaced = 0, pixels = new Uint8Array(2) }) {
  const chunk = (name: string, data: Uint8Array) => {
    const body = [...new TextEncoder().encode(name), ...data];
    let sum = ~0;
    for (const byte of body) {
      for (let bit = 0, low = byte; bit < 8; bit++, low >>= 1) {
        sum = (sum >>> 1) ^ (((sum ^ low) & 1) * 0xedb88320);
      }
    }
    return [...big(data.length), ...body, ...big(~sum)];
  };
  const big = (n: number) => [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255];
  const packed = new Blob([pixels]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array([
    ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ...chunk("IHDR", new Uint8Array([...big(width), ...big(height), depth, colourType, 0, 0, interlaced])),
    ...chunk("IDAT", await new Response(packed).bytes()),
    ...chunk("IEND", new Uint8Array(0)),
  ]);
}

testWith([], "readImage() refuses files that are damaged, and what they claim, before it allocates", async () => {
  const good = fileOf("baseline.jpg"), start = good.findIndex((byte, k) => byte === 0xff && good[k + 1] === 0xc0);
  const huge = good.slice();
  huge.set([0xff, 0xff, 0xff, 0xff], start + 5);
  const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0];
  const scans = [
    ...good.slice(0, start),
    ...huge.slice(start, start + 5),
    0x20,
    0,
    0x20,
    0,
    ...good.slice(start + 9, -2),
  ];
  const cases: [what: string, bytes: Uint8Array<ArrayBuffer>, error: RegExp][] = [
    ["no bytes", new Uint8Array(0), /Cannot read image: it is empty/],
    ["other bytes", new Uint8Array(100), /it is neither a PNG nor a JPEG file/],
    ["a GIF file", new TextEncoder().encode("GIF89a........"), /it is neither a PNG nor a JPEG file/],
    ["a signature only", fileOf("rgb.png").slice(0, 8), /SyntaxError: Cannot read image: it is cut/],
    ["half a PNG file", fileOf("rgb.png").slice(0, 200), /it is cut/],
    ["PNG, 2^31 x 2^31", await png({ width: 2 ** 31, height: 2 ** 31 }), /it claims 2147483648 x 2147483648 pixels/],
    ["PNG, 0 x 1", await png({ width: 0 }), /its size is 0 x 1/],
    ["PNG, no such type", await png({ colourType: 5 }), /its colour type 5 of 8 bits is none of PNG's/],
    ["PNG, no such depth", await png({ colourType: 2, depth: 4 }), /its colour type 2 of 4 bits/],
    ["a bomb", await png({ pixels: new Uint8Array(2 ** 24) }), /its pixels do not unpack to 2 bytes/],
    ["an interlaced bomb", await png({ interlaced: 1, pixels: new Uint8Array(2 ** 24) }), /do not unpack to 2 bytes/],
    ["too few pixels", await png({ height: 9 }), /its pixels unpack to 2 bytes, its header takes 18/],
    ["no such filter", await png({ pixels: new Uint8Array([9, 0]) }), /Cannot read image: /],
    ["an index without a palette", await png({ colourType: 3 }), /Expected palette not found/],
    ["a JPEG signature", good.slice(0, 2), /it has no header of a frame/],
    ["half a JPEG file", good.slice(0, -60), /Premature end of JPEG file/],
    ["JPEG, 65535 x 65535", huge, /it claims 65535 x 65535 pixels/],
    [
      "JPEG, scans",
      new Uint8Array([...scans, ...new Array(100).fill(scan).flat()]),
      /it claims 101 scans of 8192 x 8192/,
    ],
    ["CMYK", bytesOf(fixtures.cmyk), /its colours are CMYK/],
  ];
  for (const [, bytes, error] of cases) await assertRejectsLike(() => readImage(bytes), error);
  // A decoder that gave up one file reads the next.
  assertEquals((await readImage(good)).data, bytesOf(fixtures.images["baseline.jpg"].rgb));
});

testWith([], "readImage() refuses options that mean nothing", async () => {
  const bytes = fileOf("grey.png");
  const cases: [options: unknown, error: RegExp][] = [
    [{ channels: 2 }, /RangeError: Cannot read image: channels 2 must be 1 or 3/],
    [{ size: [0, 4] }, /size \[0, 4\] must be \[height, width\]/],
    [{ size: [2 ** 20, 2 ** 20] }, /at most 67108864 pixels/],
    [{ size: 4 }, /size 4 must be/],
    [{ chanels: 1 }, /channels/],
    [7, /options 7/],
  ];
  for (const [options, error] of cases) await assertRejectsLike(() => readImage(bytes, options as never), error);
  await assertRejectsLike(
    () => readImage(7 as never),
    /TypeError: Cannot read image: 7, it must be a path or the bytes/,
  );
});

testWith([], "readImage() ends with an image or an error, whatever is changed in a file", async () => {
  let state = 1;
  const below = (n: number) => (state = state * 48271 % 0x7fffffff) % n;
  let read = 0, refused = 0;
  for (let round = 0; round < 40; round++) {
    for (const [name, { file }] of images) {
      const bytes = bytesOf(file).slice(0, below(4) === 0 ? below(file.length) : undefined);
      for (let change = below(4); change >= 0; change--) bytes[below(bytes.length)] = below(256);
      try {
        const { data, shape } = await readImage(bytes);
        assertEquals(data.length, shape.reduce((product, n) => product * n));
        read++;
      } catch (error) {
        assert(error instanceof SyntaxError && /^Cannot read image: \S/.test(error.message), `${name}: ${error}`);
        refused++;
      }
    }
  }
  assert(read > 50 && refused > 50, `${read} read, ${refused} refused`);
});
