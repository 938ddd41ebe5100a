/** The data of `deno task train` by what lies in a folder or beside a table: what is trained on, and what is tested with. */
import { openData } from "../tools/train/data.ts";
import { makeConfig } from "../tools/train/config.ts";
import fixtures from "./fixtures/images.json" with { type: "json" };
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assertEquals } from "./support.ts";

const image = Uint8Array.fromBase64(fixtures.images["rgb.png"].file);

/** The paths of so many images of two classes. */
function classes(home: string, count: number): string[] {
  return ["aster", "rose"].flatMap((name) => Array.from({ length: count }, (_, k) => `${home}${name}/${k}.png`));
}

/** A table of images of four pixels. */
const rows = (count: number) => Array.from({ length: count }, (_, k) => `${k % 2},0,85,170,255\n`).join("");

interface Layout {
  images?: readonly string[];
  tables?: Readonly<Record<string, string>>;
  /** What is opened, in the folder; by default the folder itself. */
  open?: string;
  /** The number of images to train on and to test with. */
  counts: readonly [train: number, test: number];
}

const layouts: Readonly<Record<string, Layout>> = {
  "classes alone: a sixth is held out": { images: classes("", 6), counts: [10, 2] },
  "a training part alone: a sixth is held out": { images: classes("train/", 6), counts: [10, 2] },
  "a training and a test part": { images: [...classes("train/", 3), ...classes("test/", 1)], counts: [6, 2] },
  "a training part and one called val": { images: [...classes("train/", 3), ...classes("val/", 2)], counts: [6, 4] },
  "a table alone: a sixth is held out": { tables: { "digits.csv": rows(12) }, open: "digits.csv", counts: [10, 2] },
  "a table with a test table beside it": {
    tables: { "digits_train.csv": rows(8), "digits_test.csv": rows(4) },
    open: "digits_train.csv",
    counts: [8, 4],
  },
};

for (const [name, { images = [], tables = {}, open = "", counts }] of Object.entries(layouts)) {
  testWith(["read", "write"], `train: data of ${name}`, () =>
    inTemporaryFolder(async (folder) => {
      for (const path of images) {
        await Deno.mkdir(`${folder}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
        await Deno.writeFile(`${folder}/${path}`, image);
      }
      for (const [path, text] of Object.entries(tables)) await Deno.writeTextFile(`${folder}/${path}`, text);
      const sets = await openData(makeConfig({ data: `${folder}/${open}`, batchSize: 2 }), () => {});
      assertEquals([sets.train.length, sets.test.length], [...counts]);
      assertEquals([...sets.classes], images.length > 0 ? ["aster", "rose"] : ["0", "1"]);
      assertEquals([...sets.image], images.length > 0 ? [3, 11, 13] : [1, 2, 2]);
    }));
}
