/** Nets for sequences: recurrent layers and their cells, attention, and positions. */
export { type AttendOptions, MultiheadAttention, type MultiheadAttentionOptions } from "./attention.ts";
export { KeyValueCache } from "./cache.ts";
export {
  type CellOptions,
  GRUCell,
  LSTMCell,
  type LSTMCellOptions,
  type LSTMState,
  type Nonlinearity,
  RecurrentCell,
  RNNCell,
  type RNNCellOptions,
} from "./cells.ts";
export { padSequence, type PadSequenceOptions, unpadSequence } from "./padding.ts";
export {
  type Directions,
  GRU,
  LSTM,
  type LSTMOptions,
  Recurrent,
  type RecurrentCallOptions,
  type RecurrentOptions,
  RNN,
  type RNNOptions,
} from "./recurrent.ts";
export { RotaryEmbedding, type RotaryOptions } from "./rotary.ts";
export type { Lengths } from "./states.ts";
