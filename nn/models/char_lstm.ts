/** A recurrent net that says which character comes next. */
import { checkOptions, checkShare, showShape } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkInput } from "../input.ts";
import { Embedding, Linear } from "../layers/mod.ts";
import { Module } from "../module.ts";
import { LSTM, type LSTMState } from "../sequence/mod.ts";
import { checkDepth } from "./parts.ts";

/** Options of {@linkcode CharLSTM}. */
export interface CharLSTMOptions {
  /** The number of characters that there are; 256 by default, the bytes. */
  vocabulary?: number;
  /** The number of features of a character; 64 by default. */
  width?: number;
  /** The number of features of the state; 256 by default. */
  hidden?: number;
  /** The number of recurrent layers; 2 by default. */
  depth?: number;
  /** The probability that a feature between two layers is dropped in training; 0 by default. */
  dropout?: number;
}

/**
 * Characters as features, an {@linkcode LSTM} over them, and the logits of the next character.
 *
 * Characters [batch, n], integers below `vocabulary`, to the logits [batch, n, vocabulary] and the state behind the last one, from
 * which the next call may go on. TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const net = new nn.models.CharLSTM({ vocabulary: 9, width: 4, hidden: 8 });
 * const [, state] = net.call(tensor([[1, 2, 3]], { dtype: "int32" }));
 * const [logits] = net.call(tensor([[4]], { dtype: "int32" }), state);
 * if (logits.shape.join() !== "1,1,9") throw new Error("wrong shape");
 * ```
 */
export class CharLSTM extends Module<[characters: Tensor, state?: LSTMState], [logits: Tensor, state: LSTMState]> {
  /** What stands for each character: [vocabulary, width]. */
  readonly embedding: Embedding;
  /** The recurrent layers. */
  readonly lstm: LSTM;
  /** The linear layer that gives the logits. */
  readonly head: Linear;

  /** RangeError unless the counts are positive integers and `dropout` is in [0, 1]; TypeError for an option that does not exist. */
  constructor(options: CharLSTMOptions = {}) {
    super();
    const action = "make CharLSTM";
    const { vocabulary = 256, width = 64, hidden = 256, depth = 2, dropout = 0 } = checkOptions(
      action,
      options,
      "{ hidden: 128 }",
      ["vocabulary", "width", "hidden", "depth", "dropout"],
    );
    checkFeatures(action, "vocabulary", vocabulary);
    checkFeatures(action, "width", width);
    checkFeatures(action, "hidden", hidden);
    checkFeatures(action, "depth", checkDepth(action, depth));
    checkShare(action, "dropout", dropout);
    this.embedding = new Embedding(vocabulary, width);
    this.lstm = new LSTM(width, hidden, { numLayers: depth, batchFirst: true, dropout });
    this.head = new Linear(hidden, vocabulary);
  }

  /** [batch, n] to the logits [batch, n, vocabulary], and the state. */
  override forward(characters: Tensor, state?: LSTMState): [logits: Tensor, state: LSTMState] {
    const { shape } = checkInput(this, characters);
    if (shape.length !== 2) {
      throw new TypeError(`Cannot apply CharLSTM: input of shape ${showShape(shape)}, it must be [batch, characters]`);
    }
    const [output, after] = this.lstm.call(this.embedding.call(characters), state === undefined ? {} : { state });
    return [this.head.call(output), after];
  }
}
