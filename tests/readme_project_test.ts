/** A project of one's own, made in an empty folder as the README says, and PyTorch's names beside names that exist. */
import readme from "../README.md" with { type: "text" };
import table from "../nn/README.md" with { type: "text" };
import * as deneb from "../mod.ts";
import * as pytorch from "../io/pytorch/mod.ts";
import * as texts from "../data/text/mod.ts";
import { absence } from "./kernels.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertEquals, assertMatch, fromFileUrl } from "./support.ts";

const section = readme.match(/^## In a project of your own\n([^]*?)^## /m)![1]!;

/** The text of the first block of the section in a language. */
function block(language: string): string {
  return section.match(new RegExp("```" + language + "\\n([^]*?)```"))![1]!;
}

/** Runs the section's commands, whose comments say what they print. */
async function follow(commands: readonly string[]): Promise<string[]> {
  const complaints: string[] = [];
  await inTemporaryFolder(async (folder) => {
    await Deno.symlink(fromFileUrl(new URL("..", import.meta.url)), `${folder}/deneb`, { type: "dir" });
    const project = `${folder}/project`;
    await Deno.mkdir(project);
    await Deno.writeTextFile(`${project}/deno.json`, block("json"));
    await Deno.writeTextFile(`${project}/main.ts`, block("ts"));
    for (const line of commands) {
      const [command, expected] = line.split(" # ") as [string, string];
      const [, ...args] = command.split(" ");
      const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
        args,
        cwd: project,
        // The program has no other environment.
        clearEnv: true,
        env: { DENO_DIR: `${folder}/deno`, NO_COLOR: "1" },
      }).output();
      const said = new TextDecoder().decode(stderr);
      assert(success, said);
      assertEquals(new TextDecoder().decode(stdout).trim(), expected, said);
      complaints.push(said);
    }
  });
  return complaints;
}

const needed = ["run", "read", "write"] as const;
const [withLibrary, without] = block("sh").trim().split("\n") as [string, string];

testWith(needed, "README: a project in an empty folder runs on the native library, by its one permission", async () => {
  assertEquals(await follow([withLibrary]), [""]);
}, absence("cpu"));

testWith(needed, "README: the project runs without a permission, and tells which is missing", async () => {
  assertMatch((await follow([without]))[0]!, /^Deneb computes on wasm, with one thread;.*--allow-ffi=\S+\n$/);
});

/** What the names of the right column stand in: `x` is a tensor, `net` a module. */
const owners: Readonly<Record<string, object>> = {
  ...{ nn: deneb.nn, optim: deneb.optim, data: deneb.data, io: deneb.io, train: deneb.train },
  ...{ x: deneb.Tensor.prototype, y: deneb.Tensor.prototype, c: deneb.Tensor.prototype },
  ...{ net: deneb.nn.Module.prototype, m: deneb.nn.Module.prototype, lstm: deneb.nn.LSTM.prototype },
  ...{ attn: deneb.nn.MultiheadAttention.prototype, layer: deneb.nn.TransformerEncoderLayer.prototype },
  ...{ tokenizer: texts.ByteTokenizer.prototype, p: deneb.Profile.prototype },
  ...{ optimizer: new deneb.optim.SGD([deneb.tensor([1], { requiresGrad: true })]) },
};
/** Fields of a tensor, which the prototype lacks; a method that a user writes; and keys of states. */
const others = ["x.requiresGrad", "forward", "layers.0", "layers.1", "inProjection.weight"];
/** Names of entry points of their own. */
const entries = { ...pytorch, ...texts };

/** Bases of other classes, what functions return, and a module that PyTorch lacks. */
const apart = [
  ...["Loss", "ClassLoss", "Optimizer", "Scheduler", "Residual", "Summary", "Hookable", "ListOf", "DictionaryOf"],
  ...["RowTable", "RunningNorm", "LastAxesNorm", "AxisActivation", "ChannelDropout", "Recurrent", "RecurrentCell"],
];

Deno.test("nn/README.md: every name beside PyTorch's exists", () => {
  const rows = [...table.matchAll(/^\| .+? \| (.+?) \|$/gm)].map(([, right]) => right!).slice(2);
  assert(rows.length > 50, `${rows.length} rows`);
  const names = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, text]) => text!)).flatMap((text) => {
    // Options and entry points are no names.
    if (/^(\{|deneb\/)/.test(text)) return [];
    const bare = text.replace(/^"[^"]*"|^const [^=]+= |^class \w+ extends /, "").replace(/^(await|new) (?=\w)/, "");
    const [name] = /[A-Za-z]\w*(\.\w+)?/.exec(bare) ?? [];
    return name === undefined ? [] : [name];
  });
  const missing = names.filter((name) => {
    const [first, second] = name.split(".") as [string, string?];
    return !others.includes(name) &&
      !(second === undefined ? first in deneb || first in entries : first in owners && second in owners[first]!);
  });
  assertEquals(missing, []);
  // Nor is a class of Deneb's missing beside its like, if PyTorch has one.
  for (const room of ["nn", "optim"] as const) {
    const classes = Object.entries(deneb[room]).filter(([name, value]) =>
      /^[A-Z]/.test(name) && typeof value === "function"
    );
    // A layer for another number of axes is told by its likes.
    const likes = (name: string) => [1, 2, 3].map((axes) => name.replace(/\dd$/, `${axes}d`));
    const left = classes.map(([name]) => name).filter((name) =>
      !apart.includes(name) && !/Layer$/.test(name) && !likes(name).some((each) => table.includes(`${room}.${each}`))
    );
    assertEquals(left, []);
  }
});
