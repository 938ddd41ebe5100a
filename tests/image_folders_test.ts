/** Folders of images and CSV tables as datasets: what they hold, and what is said of those that cannot be read. */
import { csv, imageFolder, readImage } from "../data/images/mod.ts";
import { data } from "../mod.ts";
import fixtures from "./fixtures/images.json" with { type: "json" };
import { hostile } from "./hostile.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assertClose, assertEquals, assertExact, assertRejectsLike } from "./support.ts";

const bytesOf = (name: keyof typeof fixtures.images) => Uint8Array.fromBase64(fixtures.images[name].file);

/** Writes files by their paths; null makes an empty folder. */
async function write(folder: string, files: Record<string, Uint8Array | string | null>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const full = `${folder}/${path}`;
    await Deno.mkdir(content === null ? full : full.slice(0, full.lastIndexOf("/")), { recursive: true });
    if (content !== null) {
      await Deno.writeFile(full, typeof content === "string" ? new TextEncoder().encode(content) : content);
    }
  }
}

const files = {
  "train/rose/b.png": bytesOf("rgb.png"),
  "train/rose/a.JPG": bytesOf("baseline.jpg"),
  "train/rose/more/c.jpeg": bytesOf("progressive.jpg"),
  "train/rose/.hidden.png": "no image",
  "train/rose/notes.txt": "no image",
  "train/aster/d.png": bytesOf("grey.png"),
  "train/.cache/e.png": "no image",
  "train/list.csv": "a file among the classes",
  "val/rose/f.png": bytesOf("rgba.png"),
};

testWith(
  ["read", "write"],
  "imageFolder() gives the images of each class in order, as readImage() reads them",
  () =>
    inTemporaryFolder(async (folder) => {
      await write(folder, files);
      const told: number[][] = [];
      const set = await imageFolder(folder, { split: "train", progress: (...counts) => told.push(counts) });
      assertEquals(set.classes, ["aster", "rose"]);
      assertEquals(set.files.map((path) => path.slice(folder.length + 7)), [
        "aster/d.png",
        "rose/a.JPG",
        "rose/b.png",
        "rose/more/c.jpeg",
      ]);
      assertEquals(told, [[1, 4], [2, 4], [3, 4], [4, 4]]);
      assertEquals(String(set), "ArrayDataset(4 samples, x: float32 [3, 11, 13], y: int32 [])");
      const [x, y] = set.batch([3, 0]);
      assertEquals([x.shape, [...y.data]], [[2, 3, 11, 13], [1, 0]]);
      const wanted = await readImage(bytesOf("progressive.jpg"));
      assertExact(x.data.slice(0, wanted.data.length), Float32Array.from(wanted.data, (byte) => byte / 255));
      // Labels of the other part are those of the training part.
      const other = await imageFolder(folder, { split: "test", channels: 1, size: [4, 5] });
      assertEquals([other.length, other.classes, [...other.batch([0])[1].data]], [1, ["aster", "rose"], [1]]);
      assertEquals(other.batch([0])[0].shape, [1, 1, 4, 5]);
      // A folder of classes by itself.
      assertEquals((await imageFolder(`${folder}/train`)).length, 4);
    }),
);

testWith(
  ["read", "write"],
  "imageFolder() and csv() go through statistics(), subset() and a loader, with workers and without",
  () =>
    inTemporaryFolder(async (folder) => {
      await write(folder, { ...files, "table.csv": "1,0.5,2\n0,1,3\n2,7,8\n1,1,1\n" });
      for (const set of [await imageFolder(`${folder}/train`), await csv(`${folder}/table.csv`)]) {
        const part = data.subset(set, [3, 1, 0]), [inputs, targets] = set.batch([3, 1, 0]);
        for (const workers of [0, 1]) {
          const x: number[] = [], y: number[] = [];
          for await (const batch of new data.DataLoader(part, { batchSize: 2, workers })) {
            x.push(...batch[0].toTypedArray() as Float32Array);
            y.push(...batch[1].toTypedArray() as Int32Array);
          }
          assertExact([x, y], [[...inputs.data], [...targets.data]]);
        }
        const { mean } = await data.statistics(part),
          channels = inputs.shape[1]!,
          size = inputs.data.length / 3 / channels;
        const first = inputs.data.filter((_, k) => Math.floor(k / size) % channels === 0);
        assertClose([mean[0]!], [Array.from(first, Number).reduce((sum, value) => sum + value, 0) / first.length]);
      }
    }),
);

testWith(
  ["read", "write"],
  "imageFolder() follows links, and those that lead round in a circle once",
  () =>
    inTemporaryFolder(async (folder) => {
      await write(folder, { "set/rose/a.png": bytesOf("rgb.png"), "elsewhere/b.png": bytesOf("rgb.png") });
      await Deno.symlink(`${folder}/set/rose`, `${folder}/set/rose/again`);
      await Deno.symlink(`${folder}/elsewhere`, `${folder}/set/rose/more`);
      await Deno.symlink(`${folder}/elsewhere/b.png`, `${folder}/set/rose/b.png`);
      await Deno.symlink(`${folder}/nowhere.png`, `${folder}/set/rose/c.png`);
      await Deno.symlink(`${folder}/set/rose/loop.png`, `${folder}/set/rose/loop.png`);
      const { files } = await imageFolder(`${folder}/set`);
      assertEquals(files.map((path) => path.slice(folder.length)), [
        "/set/rose/a.png",
        "/set/rose/b.png",
        "/set/rose/more/b.png",
      ]);
    }),
  Deno.build.os === "windows" ? "links need rights on Windows" : null,
);

testWith(
  ["read", "write"],
  "imageFolder() says which file or folder is wrong, and why",
  () =>
    inTemporaryFolder(async (folder) => {
      const png = bytesOf("rgb.png"), small = bytesOf("transparent colour.png");
      const cases: [
        files: typeof files | Record<string, Uint8Array | string | null>,
        options: unknown,
        error: RegExp,
      ][] = [
        [{ "a.png": png }, {}, /RangeError: Cannot read HERE: it holds no folders, it must hold one for each class/],
        [{ "rose/a.png": png, "iris": null }, {}, /RangeError: Cannot read HERE\/iris: it is empty; a class must hold/],
        [{ "rose/a.gif": "GIF" }, {}, /Cannot read HERE\/rose: it holds no image, only \.gif/],
        [files, {}, /Cannot read HERE: it holds train, val; give { split: "train" }/],
        [{ "rose/a.png": png }, { split: "train" }, /Error: Cannot read HERE\/train: there is no such folder/],
        [
          { "train/rose/a.png": png, "test/iris/a.png": png },
          { split: "test" },
          /Cannot read HERE\/test\/iris: HERE\/train has no such class, only rose/,
        ],
        [
          { "rose/a.png": png, "rose/b.png": small },
          {},
          /TypeError: Cannot read HERE\/rose\/b\.png: it has 2 x 1 pixels and HERE\/rose\/a\.png has 13 x 11; give { size/,
        ],
        [{ "rose/a.png": png.slice(0, 300) }, {}, /SyntaxError: Cannot read HERE\/rose\/a\.png: it is cut/],
        [{ "rose/a.jpg": "no image" }, {}, /Cannot read HERE\/rose\/a\.jpg: it is neither a PNG nor a JPEG file/],
        [{ "rose/a.jpg": "" }, {}, /Cannot read HERE\/rose\/a\.jpg: it is empty/],
        [{}, { split: "val" }, /split "val" must be "train" or "test"/],
        [{}, { sise: [2, 2] }, /size/],
        [{}, { channels: 4 }, /channels 4 must be 1 or 3/],
        [{}, { progress: 7 }, /it must be a function/],
      ];
      for (const [k, [content, options, error]] of cases.entries()) {
        const home = `${folder}/${k}`;
        await write(folder, { [`${k}`]: null });
        await write(home, content);
        const found = await imageFolder(home, options as never).then(() => "no error", String);
        await assertRejectsLike(() => Promise.reject(found.replaceAll(home, "HERE")), error);
      }
      await assertRejectsLike(() => imageFolder(`${folder}/none`), /Cannot read .*none: there is no such folder/);
      await assertRejectsLike(() => imageFolder(7 as never), /path 7 must be a text/);
      for (let k = 0; k < 22; k++) await write(folder, { [`bytes/rose/${k}.png`]: png });
      await assertRejectsLike(
        () => imageFolder(`${folder}/bytes`, { size: [2 ** 13, 2 ** 13] }),
        /22 images \[3, 8192, 8192\] take more than 4294967296 bytes; give a smaller size/,
      );
    }),
);

const iris = `length,width,species
5.1,3.5,setosa
7.0,3.2,versicolor

4.9,"3",setosa
`;

testWith(["read", "write"], "csv() gives columns of numbers and classes", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/table.csv`;
    const read = async (text: string, options = {}) => {
      await Deno.writeTextFile(path, text);
      const set = await csv(path, options), [x, y] = set.batch(Array.from({ length: set.length }, (_, k) => k));
      return {
        x: [...x.data],
        y: [...y.data],
        shape: x.shape,
        dtype: y.dtype,
        classes: set.classes,
        columns: set.columns,
      };
    };
    const wide = (values: number[]) => [...Float32Array.from(values)];
    assertEquals(await read(iris, { label: "species" }), {
      x: wide([5.1, 3.5, 7, 3.2, 4.9, 3]),
      y: [0, 1, 0],
      shape: [3, 2],
      dtype: "int32",
      classes: ["setosa", "versicolor"],
      columns: ["length", "width"],
    });
    assertEquals((await read(iris, { label: -1, columns: ["width"] })).x, wide([3.5, 3.2, 3]));
    assertEquals((await read(iris, { label: "species", classes: ["versicolor", "setosa"] })).y, [1, 0, 1]);
    assertEquals((await read(iris.replaceAll("\n", "\r\n"), { label: "species" })).classes, ["setosa", "versicolor"]);
    const regression = await read(iris, { label: "width", columns: [0], target: "float" });
    assertEquals([regression.y, regression.dtype, regression.classes], [wide([3.5, 3.2, 3]), "float32", []]);
    // Labels that are numbers are the numbers of their classes, also where one is absent.
    const digits = await read("7,0,255\n2,51,102\n", { shape: [1, 1, 2], divisor: 255 });
    assertEquals([digits.y, digits.shape, digits.classes.length], [[7, 2], [2, 1, 1, 2], 8]);
    assertEquals(digits.x, wide([0, 1, 51 / 255, 102 / 255]));
    assertEquals((await read("label;a\n1;2\n", { separator: ";" })).columns, ["a"]);
    assertEquals((await read("a,label\n3,1\n")).x, [3]);
    assertEquals((await read("1,2\n3,4", { header: true })).x, [4]);
    // More text than is parsed at a time, with line breaks in quotes.
    const long = await read(`label,a\n${'"a\nb",1.5\n'.repeat(60_000)}`);
    assertEquals([long.x.length, new Set(long.x), long.classes], [60_000, new Set([1.5]), ["a\nb"]]);
  }));

testWith(["read", "write"], "csv() names the line that is wrong", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/t.csv`;
    const cases: [text: string, options: unknown, error: RegExp][] = [
      ["", {}, /SyntaxError: Cannot read HERE: it holds no rows/],
      ["a,b\n", {}, /it holds no rows/],
      ["1,2\n3,4,5\n", {}, /SyntaxError: Cannot read HERE: line 2: it has 3 fields, the first line has 2/],
      ["1,2\n\n3,\n", {}, /line 3: the value of column 1 is missing/],
      ["label,a\n1,2\n,4\n", {}, /line 3: the value of column "label" is missing/],
      ["label,a\n1,2\n1,x\n", {}, /line 3: column "a" holds "x", which is no number/],
      ["label,a\n1,Infinity\n", {}, /column "a" holds "Infinity", which is no number/],
      ['label,a\n"1\n1",2\n3,y\n', {}, /line 4: column "a" holds "y"/],
      ['1,2\n1,"2\n', {}, /line 2: quoted field unterminated/],
      [`1,2\n${"1,2\n".repeat(200_000)}1,x\n`, {}, /line 200002: column 1 holds "x"/],
      ["a,b\n1,x\n", { label: "b", target: "float" }, /line 2: column "b" holds "x", which is no number/],
      [
        iris,
        { label: "specis" },
        /RangeError: Cannot read HERE: column "specis" is there not; its columns are \["length"/,
      ],
      ["a,a,b\n1,2,3\n", { label: "a" }, /column "a" is there 2 times/],
      ["1,2\n", { label: "a" }, /column "a" is there not; it has no header/],
      ["1,2\n", { label: 2 }, /column 2 must lie in \[0, 2\)/],
      ["1\n", {}, /no column is left for the inputs/],
      ["1,2,3\n", { shape: [1, 3] }, /TypeError: Cannot read HERE: 2 columns do not fill shape \[1, 3\]/],
      [iris, { label: "species", classes: ["setosa"] }, /line 3: "versicolor" is none of the classes \["setosa"\]/],
      ["1,2\n", { shape: [0] }, /shape a list must be a list of positive integers/],
      ["1,2\n", { divisor: 0 }, /divisor 0 must be another number/],
      ["1,2\n", { target: "int" }, /target "int" must be "class" or "float"/],
      ["1,2\n", { separator: '"' }, /separator .* must be one character/],
      ["1,2\n", { lable: 0 }, /label/],
      ["1,2\n", { columns: 1 }, /a list of columns/],
      ["1,2\n", { classes: [1] }, /a list of the classes' names/],
      ["1,2\n", { header: 1 }, /header 1 must be true or false/],
    ];
    for (const [text, options, error] of cases) {
      await Deno.writeTextFile(path, text);
      const found = await csv(path, options as never).then(() => "no error", String);
      await assertRejectsLike(() => Promise.reject(found.replaceAll(path, "HERE")), error);
    }
    await assertRejectsLike(() => csv(`${folder}/none.csv`), /none\.csv: there is no such file/);
  }));

testWith(
  ["run", "read", "write"],
  "images are read without any permission but for their own files",
  () =>
    inTemporaryFolder(async (folder) => {
      await write(folder, { "set/rose/a.jpg": bytesOf("baseline.jpg"), "set/iris/b.png": bytesOf("rgb.png") });
      const entry = new URL("../data/images/mod.ts", import.meta.url).href;
      const run = async (allowed: string, path: string) => {
        const code = `import { imageFolder } from "${entry}"; await imageFolder("${path}").then((set) =>
        console.log(set.length), (error) => console.log(error.message));`;
        await Deno.writeTextFile(`${folder}/main.ts`, code);
        const args = ["run", "--quiet", "--no-prompt", "--no-check", `--allow-read=${allowed}`, `${folder}/main.ts`];
        const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
        return new TextDecoder().decode(stdout).trim() + new TextDecoder().decode(stderr);
      };
      assertEquals(await run(`${folder}/set`, `${folder}/set`), "2");
      assertEquals(
        await run(`${folder}/other`, `${folder}/set`),
        `Cannot read ${folder}/set: reading it is not permitted (--allow-read=${folder}/set)`,
      );
    }),
);

testWith(
  ["read", "write"],
  "whatever is given to readImage(), imageFolder() and csv() is taken or refused in words",
  () =>
    inTemporaryFolder(async (folder) => {
      await write(folder, { "set/rose/a.png": bytesOf("rgb.png"), "t.csv": "1,2\n", "a.png": bytesOf("rgb.png") });
      const doors = {
        readImage: [readImage, `${folder}/a.png`, ["channels", "size"]],
        imageFolder: [imageFolder, `${folder}/set`, ["channels", "size", "split"]],
        csv: [csv, `${folder}/t.csv`, "label columns header target classes shape divisor separator".split(" ")],
      } as unknown as Record<string, [(path: unknown, options?: unknown) => Promise<unknown>, string, string[]]>;
      const wrong: string[] = [];
      for (const [name, [door, path, options]] of Object.entries(doors)) {
        for (const [what, make] of Object.entries(hostile)) {
          const calls = [[make()], [path, make()], ...options.map((option) => [path, { [option]: make() }])];
          for (const [first, second] of calls) {
            await door(first, second).catch((error) => {
              const isTold = /^Cannot \w/.test(error.message) &&
                !/^Cannot (read prop|convert|mix|destruct|use ')/.test(error.message);
              if (!isTold && error.message !== "the caller's own") {
                wrong.push(`${name} ${what} ${Deno.inspect(second)}: ${error}`);
              }
            });
          }
        }
      }
      assertEquals(wrong, []);
    }),
);
