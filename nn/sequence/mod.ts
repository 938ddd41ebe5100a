/** Nets for sequences: recurrent layers and their cells. */
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
export type { Lengths } from "./states.ts";
