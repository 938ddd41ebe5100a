/** Tokenizers: the numbers of Hugging Face's and tiktoken, training, files, and what they refuse. */
import fixture from "../fixtures/bpe.json" with { type: "json" };
import {
  ByteTokenizer,
  CharTokenizer,
  loadTokenizer,
  loadVocabulary,
  saveTokenizer,
  SubwordTokenizer,
  type Tokenizer,
  trainBpe,
} from "../../data/text/mod.ts";
import { inTemporaryFolder, testWith } from "../permissions.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support.ts";

// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;
const { corpus, specialTokens, cases, small } = fixture;
const definition = given(fixture.tokenizer);
const merges = `#version: 0.2\n${definition.model.merges.map((pair: string[]) => pair.join(" ")).join("\n")}\n`;
const vocabulary = { ...definition.model.vocab, ...Object.fromEntries(specialTokens.map((token, id) => [token, id])) };

testWith([], "trainBpe() makes the vocabulary and the merges of Hugging Face's trainer", () => {
  const steps: number[] = [];
  const progress = (tokens: number, wanted: number) => void steps.push(tokens, wanted);
  const trained = trainBpe(corpus, { vocabSize: 512, minFrequency: 1, specialTokens, progress });
  assertEquals(trained.toJson(), definition);
  assertEquals([trained.vocabSize, trained.specialTokens], [512, { "<|end|>": 0, "<|pad|>": 1 }]);
  assertEquals([steps.length, steps[0], steps.at(-2), steps.at(-1)], [2 * (512 - 258), 259, 512, 512]);
  const { vocabSize, minFrequency, vocab, merges } = small;
  const { model } = given(trainBpe(new Set(corpus), { vocabSize, minFrequency, specialTokens }).toJson());
  assertEquals([model.vocab, model.merges], [vocab, merges]);
  // Nothing is frequent enough: the bytes are all there is.
  assertEquals(trainBpe([], { vocabSize: 999 }).vocabSize, 256);
  assertEquals(trainBpe(["abc"], { vocabSize: 999 }).vocabSize, 256);
  assertEquals(trainBpe(["aaaa"], { vocabSize: 999, minFrequency: 1 }).vocabSize, 258);
});

testWith([], "byte pair encodings give the numbers of Hugging Face's tokenizers and of tiktoken", () => {
  const tokenizers: Record<string, SubwordTokenizer> = {
    "of a tokenizer.json": SubwordTokenizer.fromJson(definition),
    "of vocab.json and merges.txt": SubwordTokenizer.fromVocabulary(vocabulary, merges, { specialTokens }),
    "of files with other line ends": SubwordTokenizer.fromVocabulary(vocabulary, merges.replaceAll("\n", "\r\n"), {
      specialTokens,
    }),
    "trained": trainBpe(corpus, { vocabSize: 512, minFrequency: 1, specialTokens }),
  };
  for (const [name, tokenizer] of Object.entries(tokenizers)) {
    for (const { text, ids, plain } of cases) {
      assertEquals(Array.from(tokenizer.encode(text)), ids, `${name}: ${JSON.stringify(text)}`);
      assertEquals(tokenizer.decode(ids), text, name);
      assertEquals(tokenizer.decode(Int32Array.from(ids), { skipSpecialTokens: true }), plain, name);
    }
    assertEquals([tokenizer.tokenToId("<|pad|>"), tokenizer.idToToken(0), tokenizer.idToToken(999)], [
      1,
      "<|end|>",
      undefined,
    ]);
  }
});

testWith([], "a tokenizer adds what its file says, unless told otherwise", () => {
  const special = { id: "<|end|>", ids: [0], tokens: ["<|end|>"] };
  const post = {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "<|end|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [],
    special_tokens: { "<|end|>": special },
  };
  const tokenizer = SubwordTokenizer.fromJson({ ...definition, post_processor: post });
  const plain = Array.from(tokenizer.encode("net", { addSpecialTokens: false }));
  assertEquals(Array.from(tokenizer.encode("net")), [0, ...plain]);
  assertEquals([Array.from(tokenizer.encode("")), Array.from(tokenizer.encode("", { addSpecialTokens: false }))], [
    [0],
    [],
  ]);
});

const texts = [...cases.map(({ text }) => text), ...corpus, "\ufeff\ufeff", "<|end|><|end|>", "a\0b"];
testWith([], "tokenizers give back every text", () => {
  const tokenizers: Record<string, Tokenizer> = {
    bytes: new ByteTokenizer({ specialTokens }),
    characters: CharTokenizer.of(texts, { specialTokens }),
    subwords: SubwordTokenizer.fromJson(definition),
  };
  for (const [name, tokenizer] of Object.entries(tokenizers)) {
    for (const text of texts) {
      const ids = tokenizer.encode(text);
      assert(ids.every((id) => id >= 0 && id < tokenizer.vocabSize));
      assertEquals(tokenizer.decode(ids), text, name);
      const plain = text.replaceAll(/<\|(end|pad)\|>/g, "");
      assertEquals(tokenizer.decode(ids, { skipSpecialTokens: true }), plain, name);
    }
  }
});

testWith([], "ByteTokenizer and CharTokenizer number bytes, characters and special tokens", () => {
  const bytes = new ByteTokenizer({ specialTokens: ["<a>", "<ab>", "<a><b>"] });
  const cases: [text: string, ids: number[]][] = [
    ["", []],
    ["é🙂", [195, 169, 240, 159, 153, 130]],
    ["x<a>y", [120, 256, 121]],
    ["<ab><a><b>", [257, 258]],
    ["<a", [60, 97]],
    ["\ud800", [239, 191, 189]],
  ];
  for (const [text, ids] of cases) assertEquals(Array.from(bytes.encode(text)), ids, text);
  assertEquals([bytes.decode([255, 65]), bytes.decode([195, 256, 169])], ["\ufffdA", "\ufffd<a>\ufffd"]);
  assertEquals([bytes.vocabSize, bytes.specialTokens], [259, { "<a>": 256, "<ab>": 257, "<a><b>": 258 }]);
  const characters = CharTokenizer.of("hello 🙂", { specialTokens: ["<?>"], unknown: "<?>" });
  assertEquals(Array.from(characters.encode("he🙂!<?>")), [2, 1, 5, 6, 6]);
  assertEquals([characters.decode([2, 1, 5]), characters.vocabSize], ["he🙂", 7]);
  // What is a special token is no text that the vocabulary must have.
  assertEquals(CharTokenizer.of("a<?>b", { specialTokens: ["<?>"] }).vocabSize, 3);
  assertEquals(
    [bytes, characters, SubwordTokenizer.fromJson(definition)].map((tokenizer) => Deno.inspect(tokenizer)),
    ["ByteTokenizer(259 tokens)", "CharTokenizer(7 tokens)", 'SubwordTokenizer(512 tokens, model: "BPE")'],
  );
});

testWith(
  ["read", "write"],
  "tokenizers are read from files as they were written",
  () =>
    inTemporaryFolder(async (folder) => {
      const all: Tokenizer[] = [
        new ByteTokenizer({ specialTokens }),
        CharTokenizer.of(texts, { specialTokens, unknown: "<|pad|>" }),
        new CharTokenizer("abc"),
        trainBpe(corpus, { vocabSize: 300, specialTokens }),
      ];
      for (const tokenizer of all) {
        const path = `${folder}/tokenizer.json`;
        await saveTokenizer(path, tokenizer);
        const reread = await loadTokenizer(path);
        assertEquals(reread.toJson(), tokenizer.toJson());
        assertEquals([reread.constructor, reread.vocabSize], [tokenizer.constructor, tokenizer.vocabSize]);
        assertEquals(Array.from(reread.encode("abba")), Array.from(tokenizer.encode("abba")));
      }
      await Deno.writeTextFile(`${folder}/vocab.json`, JSON.stringify(vocabulary));
      await Deno.writeTextFile(`${folder}/merges.txt`, merges);
      const read = await loadVocabulary(`${folder}/vocab.json`, `${folder}/merges.txt`, { specialTokens });
      assertEquals(Array.from(read.encode(cases[3]!.text)), cases[3]!.ids);
      const broken: [content: string | Uint8Array, text: string][] = [
        ["", "Unexpected end of JSON input"],
        ["{", "Cannot read"],
        ["[]", "it holds no object"],
        ["{}", "it has no model with a vocabulary"],
        ['{"deneb": "other"}', "it holds no tokenizer that is known"],
        ['{"deneb": "bytes", "specialTokens": 3}', "3, it must be a list of special tokens"],
        ['{"deneb": "characters", "characters": "aa", "specialTokens": []}', 'the character "a" is there twice'],
        ['{"deneb": "characters"}', "characters undefined must be a text"],
        ['{"model": {"type": "Magic", "vocab": {}}}', "Cannot load tokenizer"],
        ['{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}', 'token "a" has the number -1'],
        ['{"model": {"type": "BPE", "vocab": {"a": 0}}, "added_tokens": [{"id": "1"}]}', "added_tokens must be a list"],
        [new Uint8Array([123, 255, 125]), "it is no UTF-8"],
      ];
      for (const [content, text] of broken) {
        await Deno.writeFile(
          `${folder}/broken.json`,
          typeof content === "string" ? new TextEncoder().encode(content) : content,
        );
        await assertRejects(() => loadTokenizer(`${folder}/broken.json`), SyntaxError, text);
      }
      await assertRejects(() => loadTokenizer(`${folder}/none.json`), Error, "there is no such file");
      await assertRejects(() => loadTokenizer(given(3)), TypeError, "path 3 must be a text");
      await assertRejects(() => saveTokenizer(`${folder}/a.json`, given({})), TypeError, "it must be a function");
    }),
);

const subwords = SubwordTokenizer.fromJson(definition), byte = new ByteTokenizer(), abc = new CharTokenizer("abc");
const refused: [make: () => unknown, kind: ErrorConstructor, text: string][] = [
  [() => trainBpe(corpus, given({})), RangeError, "vocabSize undefined must be an integer of at least 256"],
  [
    () => trainBpe(corpus, { vocabSize: 256, specialTokens }),
    RangeError,
    "vocabSize 256 must be an integer of at least 258",
  ],
  [() => trainBpe(corpus, { vocabSize: 300, minFrequency: 0 }), RangeError, "minFrequency 0"],
  [() => trainBpe(corpus, given({ vocabSize: 300, vocabulary: 1 })), TypeError, "there is no option vocabulary"],
  [() => trainBpe(given("text"), { vocabSize: 300 }), TypeError, '"text", it must be a list of texts'],
  [() => trainBpe(given([1]), { vocabSize: 300 }), TypeError, "text 1 must be a text"],
  [() => trainBpe(corpus, { vocabSize: 300, specialTokens: ["a", "a"] }), RangeError, "special tokens must differ"],
  [() => new ByteTokenizer({ specialTokens: [""] }), RangeError, "a special token is empty"],
  [() => new ByteTokenizer(given({ special: [] })), TypeError, "did you mean specialTokens?"],
  [() => new CharTokenizer(given(["a"])), TypeError, "characters a list must be a text"],
  [() => new CharTokenizer("a", { unknown: "toString" }), RangeError, 'unknown "toString" must be one of the special'],
  [() => abc.encode("abd"), RangeError, 'the character "d" is not in the vocabulary'],
  [() => SubwordTokenizer.fromJson(given(null)), TypeError, "null, it must be the object of a tokenizer.json"],
  [
    () => SubwordTokenizer.fromVocabulary({ a: 0 }, "a b"),
    SyntaxError,
    'line 1 of the merges, "a b", is no two tokens',
  ],
  [() => SubwordTokenizer.fromVocabulary({ a: 0 }, "#version\na"), SyntaxError, 'line 2 of the merges, "a"'],
  [() => SubwordTokenizer.fromVocabulary({ a: 0.5 }, ""), RangeError, 'the number of "a" 0.5 must be an integer'],
  [() => SubwordTokenizer.fromVocabulary({ a: 0 }, "", { specialTokens: ["b"] }), RangeError, '"b" must be in the'],
  [() => SubwordTokenizer.fromVocabulary(given([]), ""), TypeError, "a list, it must be an object"],
  ...[subwords, byte, abc].flatMap((tokenizer): [make: () => unknown, kind: ErrorConstructor, text: string][] => [
    [() => tokenizer.encode(given(3)), TypeError, "Cannot encode text: text 3 must be a text"],
    [() => tokenizer.encode("a", given({ special: true })), TypeError, "did you mean addSpecialTokens?"],
    [() => tokenizer.decode([tokenizer.vocabSize]), RangeError, `must be an integer in [0, ${tokenizer.vocabSize})`],
    [() => tokenizer.decode([-1]), RangeError, "Cannot decode tokens: -1 must be an integer"],
    [() => tokenizer.decode([0.5]), RangeError, "0.5 must be an integer"],
    [() => tokenizer.decode(given("12")), TypeError, '"12", it must be a list of numbers'],
    [() => tokenizer.decode(given({ length: 1e12 })), TypeError, "an Object, it must be a list of numbers"],
  ]),
];
testWith([], "tokenizers refuse what is no text, no token and no vocabulary", () => {
  for (const [make, kind, text] of refused) assertThrows(make, kind, text);
  // A vocabulary without a token for a character, and one with holes.
  const sparse = SubwordTokenizer.fromJson({
    ...definition,
    added_tokens: [],
    model: { ...definition.model, vocab: { a: 0, b: 7 }, merges: [] },
  });
  assertEquals([Array.from(sparse.encode("ab")), sparse.vocabSize], [[0, 7], 8]);
  assertThrows(() => sparse.decode([3]), RangeError, "3 is no token of the vocabulary");
  // What Hugging Face's tokenizer makes of it, too.
  assertEquals(Array.from(sparse.encode("abcab")), [0, 7, 0, 7]);
});
