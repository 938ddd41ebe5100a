/** The command lines of the tasks. */
import { parseFlags } from "../tools/flags.ts";
import { assertEquals, assertThrows } from "./support.ts";

const known = { text: ["seed", "out"], flags: ["quiet"] } as const;

Deno.test("flags: values stand behind or after =, and may be negative, empty or hold another =", () => {
  assertEquals(parseFlags([], known), {});
  assertEquals(parseFlags(["--seed", "-1", "--quiet", "--out=a=b"], known), { seed: "-1", quiet: true, out: "a=b" });
  assertEquals(parseFlags(["--out=", "--seed", "1", "--seed=2"], known), { out: "", seed: "2" });
});

const refused: Record<string, [words: string[], message: string]> = {
  "a word that is no flag": [["7"], 'Cannot read flags: "7" is no flag'],
  "a single dash": [["-q"], 'Cannot read flags: "-q" is no flag'],
  "an unknown flag, with the one that was meant": [["--sed=1"], "there is no --sed; did you mean --seed?"],
  "an unknown flag, with those that are known": [["--velocity=1"], "--velocity is not one of --seed, --out, --quiet"],
  "a name that all objects have": [["--constructor"], "--constructor is not one of"],
  "a value that is missing at the end": [["--seed"], "--seed stands last, it needs a value"],
  "a flag in the place of a value": [["--out", "--quiet"], "--out is followed by --quiet, it needs a value"],
  "a value for a flag that takes none": [["--quiet=1"], "--quiet=1, it takes no value"],
};
for (const [name, [words, message]] of Object.entries(refused)) {
  Deno.test(`flags: refuses ${name}`, () => {
    assertThrows(() => parseFlags(words, known), RangeError, message);
  });
}
