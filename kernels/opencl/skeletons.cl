// The skeletons that are no row: each stands between two marks, and is compiled with the words it is written in.

//@ gather
// out[o, c, i] = source[o, index[c], i]. 0 sizes of outer, 1 count, 2 length, 3 inner, 4 slices of a group; then offset
// and three strides of out and of source, offset and stride of the index.
typedef struct { I64 v[15]; } Parameters;
KERNEL LANES(LANES_X, LANES_Y) void run(const Parameters p, GLOBAL ELEMENT *out, GLOBAL const ELEMENT *source,
                                        GLOBAL const INDEX *index) {
  const I64 all = p.v[0] * p.v[1];
  const I64 end = all < (GROUP_X + 1) * p.v[4] ? all : (GROUP_X + 1) * p.v[4];
  for (I64 slice = GROUP_X * p.v[4] + LANE_Y; slice < end; slice += LANES_Y) {
    const I64 o = slice / p.v[1], c = slice - o * p.v[1];
    const I64 at = (I64)index[p.v[13] + c * p.v[14]];
    const int inside = at >= 0 && at < p.v[2];
    const I64 to = p.v[5] + o * p.v[6] + c * p.v[7];
    const I64 from = p.v[9] + o * p.v[10] + (inside ? at : 0) * p.v[11];
    if (inside)
      for (I64 i = LANE_X; i < p.v[3]; i += LANES_X) out[to + i * p.v[8]] = source[from + i * p.v[12]];
  }
}

//@ scatter
// out[o, index[c], i] += source[o, c, i], c ascending: a work item owns its o and i. Parameters as in gather, but 4 is
// the part of the inner axis that a group owns. Nothing is written once an index was found out of range.
typedef struct { I64 v[15]; } Parameters;
KERNEL LANES(LANES_X, LANES_Y) void run(const Parameters p, GLOBAL ELEMENT *out, GLOBAL const ELEMENT *source,
                                        GLOBAL const INDEX *index, GLOBAL const I64 *found) {
  if (found[0] != 0) return;
  const I64 begin = GROUP_Y * p.v[4];
  const I64 end = p.v[3] < begin + p.v[4] ? p.v[3] : begin + p.v[4];
  for (I64 o = GROUP_X * LANES_Y + LANE_Y; o < p.v[0] && o < (GROUP_X + 1) * LANES_Y; o += LANES_Y) {
    for (I64 c = 0; c < p.v[1]; c++) {
      const I64 at = (I64)index[p.v[13] + c * p.v[14]];
      if (at < 0 || at >= p.v[2]) continue;
      const I64 to = p.v[5] + o * p.v[6] + at * p.v[7];
      const I64 from = p.v[9] + o * p.v[10] + c * p.v[11];
      for (I64 i = begin + LANE_X; i < end; i += LANES_X) {
        const ELEMENT x = out[to + i * p.v[8]], y = source[from + i * p.v[12]];
        out[to + i * p.v[8]] = JOINED(x, y);
      }
    }
  }
}

//@ check
// Notes the first index that is out of range: which check it was, the index, the length. 0 count, 1 length, 2 the
// number of the check, 3 offset and 4 stride of the index.
typedef struct { I64 v[5]; } Parameters;
KERNEL LANES(LANES_X, 1) void run(const Parameters p, GLOBAL const INDEX *index, GLOBAL I64 *found) {
  LOCAL I64 first[LANES_X];
  I64 mine = p.v[0];
  for (I64 c = LANE_X; c < p.v[0]; c += LANES_X) {
    const I64 at = (I64)index[p.v[3] + c * p.v[4]];
    if ((at < 0 || at >= p.v[1]) && c < mine) mine = c;
  }
  first[LANE_X] = mine;
  BARRIER;
  for (int n = LANES_X / 2; n > 0; n >>= 1) {
    if (LANE_X < n && first[LANE_X + n] < first[LANE_X]) first[LANE_X] = first[LANE_X + n];
    BARRIER;
  }
  if (LANE_X == 0 && first[0] < p.v[0] && found[0] == 0) {
    found[0] = p.v[2];
    found[1] = (I64)index[p.v[3] + first[0] * p.v[4]];
    found[2] = p.v[1];
  }
}

//@ random
// Philox4x32-10: see `philox.zig`. 0 count, 1 and 2 the key, 3 the counter, 4 blocks of a group, 5 offset of out. A block
// gives PER_BLOCK elements, made by NUMBER of words w0 to w3.
typedef struct { I64 v[6]; } Parameters;
#define BLOCK                                                                             \
  const U64 counter = (U64)p.v[3] + (U64)b;                                               \
  U32 w0 = (U32)counter, w1 = (U32)(counter >> 32), w2 = 0, w3 = 0;                       \
  U32 key0 = (U32)p.v[1], key1 = (U32)p.v[2];                                             \
  UNROLL                                                                                  \
  for (int round = 0; round < 10; round++) {                                              \
    const U64 left = (U64)w0 * 0xD2511F53u, right = (U64)w2 * 0xCD9E8D57u;                \
    w0 = (U32)(right >> 32) ^ w1 ^ key0;                                                  \
    w2 = (U32)(left >> 32) ^ w3 ^ key1;                                                   \
    w1 = (U32)right;                                                                      \
    w3 = (U32)left;                                                                       \
    key0 += 0x9E3779B9u;                                                                  \
    key1 += 0xBB67AE85u;                                                                  \
  }
KERNEL LANES(LANES_X, 1) void run(const Parameters p, GLOBAL ELEMENT *out) {
  const I64 blocks = (p.v[0] + PER_BLOCK - 1) / PER_BLOCK;
  const I64 end = blocks < (GROUP_X + 1) * p.v[4] ? blocks : (GROUP_X + 1) * p.v[4];
  const I64 whole = end * PER_BLOCK <= p.v[0] ? end : end - 1;
  GLOBAL ELEMENT *to = out + p.v[5];
  INDEPENDENT
  for (I64 b = GROUP_X * p.v[4] + LANE_X; b < whole; b += LANES_X) {
    BLOCK
    const ELEMENT numbers[PER_BLOCK] = {NUMBERS};
    UNROLL
    for (int n = 0; n < PER_BLOCK; n++) to[b * PER_BLOCK + n] = numbers[n];
  }
  if (whole < end && LANE_X == 0) {
    const I64 b = whole;
    BLOCK
    const ELEMENT numbers[PER_BLOCK] = {NUMBERS};
    for (int n = 0; n < PER_BLOCK; n++)
      if (b * PER_BLOCK + n < p.v[0]) to[b * PER_BLOCK + n] = numbers[n];
  }
}

//@ matmul
// Parameters of both products: 0 m, 1 n, 2 k, 3 and 4 strides of a, 5 and 6 of b, 7 and 8 of c, 9 to 11 their offsets, 12
// rows of a group; then for each axis of the batch its size and the strides of a, b and c. Every sum runs over k in order
// in one accumulator by fused multiply-adds, so that no size of tile changes a bit. Halves become ELEMENTs where they are
// read, by OF_A and OF_B, and each sum is rounded to one where it is stored, by OF_C.
typedef struct { I64 v[13 + 4 * BATCH_RANK + 1]; } Parameters;
#define BEGIN_BATCH                                                           \
  I64 rest = GROUP_Z;                                                         \
  for (int axis = BATCH_RANK - 1; axis >= 0; axis--) {                        \
    const I64 next = rest / p.v[13 + 4 * axis];                               \
    const I64 at = rest - next * p.v[13 + 4 * axis];                          \
    rest = next;                                                              \
    a += at * p.v[14 + 4 * axis];                                             \
    b += at * p.v[15 + 4 * axis];                                             \
    c += at * p.v[16 + 4 * axis];                                             \
  }                                                                           \
  a += p.v[9];                                                                \
  b += p.v[10];                                                               \
  c += p.v[11];

//@ matmul vectors
// One work item computes rows by WIDTH * VECTORS columns: a panel of b is packed, and ROWS rows at a time run over it with
// their sums in registers.
#define COLUMNS (WIDTH * VECTORS)
KERNEL LANES(1, 1) void run(const Parameters p, GLOBAL const A_ELEMENT *a, GLOBAL const B_ELEMENT *b,
                            GLOBAL C_ELEMENT *c) {
  LOCAL VECTOR panel[DEPTH * VECTORS];
  LOCAL VECTOR sums[ROWS_MAX * VECTORS];
#if A_IS_HALF
  LOCAL ELEMENT left[ROWS * DEPTH];
#endif
  BEGIN_BATCH
  const I64 row_begin = GROUP_Y * p.v[12], column_begin = GROUP_X * COLUMNS;
  const I64 row_end = p.v[0] < row_begin + p.v[12] ? p.v[0] : row_begin + p.v[12];
  const int columns = p.v[1] - column_begin < COLUMNS ? (int)(p.v[1] - column_begin) : COLUMNS;
  const I64 k_all = p.v[2];
  I64 k_begin = 0;
  do {
    const int depth = k_all - k_begin < DEPTH ? (int)(k_all - k_begin) : DEPTH;
    const int first = k_begin == 0, last = k_begin + depth == k_all;
    GLOBAL const B_ELEMENT *from = b + k_begin * p.v[5] + column_begin * p.v[6];
    LOCAL ELEMENT *target = (LOCAL ELEMENT *)panel;
    if (p.v[6] == 1 && columns == COLUMNS) {
      for (int k = 0; k < depth; k++) {
#if B_IS_HALF
        INDEPENDENT
        for (int j = 0; j < COLUMNS; j++) target[k * COLUMNS + j] = OF_B(from[k * p.v[5] + j]);
#else
        UNROLL
        for (int v = 0; v < VECTORS; v++) panel[k * VECTORS + v] = LOAD(v, from + k * p.v[5]);
#endif
      }
    } else {
      for (int k = 0; k < depth; k++) {
        for (int j = 0; j < columns; j++) target[k * COLUMNS + j] = OF_B(from[k * p.v[5] + j * p.v[6]]);
        for (int j = columns; j < COLUMNS; j++) target[k * COLUMNS + j] = 0;
      }
    }
    for (I64 row = row_begin; row < row_end; row += ROWS) {
      GLOBAL const A_ELEMENT *lines[ROWS];
      VECTOR s[ROWS][VECTORS];
      LOCAL VECTOR *kept = sums + (row - row_begin) * VECTORS;
      const int rows = row_end - row < ROWS ? (int)(row_end - row) : ROWS;
      UNROLL
      for (int r = 0; r < ROWS; r++) {
        // Beyond the last row, that row again: what comes of it is not stored.
        lines[r] = a + (r < rows ? row + r : row_end - 1) * p.v[3] + k_begin * p.v[4];
        UNROLL
        for (int v = 0; v < VECTORS; v++) s[r][v] = first ? (VECTOR)(0) : kept[r * VECTORS + v];
      }
      const I64 step = p.v[4];
#if A_IS_HALF
      for (int r = 0; r < ROWS; r++) {
        if (step == 1) {
          INDEPENDENT
          for (int k = 0; k < depth; k++) left[r * DEPTH + k] = OF_A(lines[r][k]);
        } else
          for (int k = 0; k < depth; k++) left[r * DEPTH + k] = OF_A(lines[r][k * step]);
      }
      for (int k = 0; k < depth; k++) {
        UNROLL
        for (int r = 0; r < ROWS; r++) {
          const VECTOR x = (VECTOR)(left[r * DEPTH + k]);
          UNROLL
          for (int v = 0; v < VECTORS; v++) s[r][v] = MULTIPLY_ADD(x, panel[k * VECTORS + v], s[r][v]);
        }
      }
#else
      if (step == 1) {
        for (int k = 0; k < depth; k++) {
          UNROLL
          for (int r = 0; r < ROWS; r++) {
            const VECTOR x = (VECTOR)(lines[r][k]);
            UNROLL
            for (int v = 0; v < VECTORS; v++) s[r][v] = MULTIPLY_ADD(x, panel[k * VECTORS + v], s[r][v]);
          }
        }
      } else {
        for (int k = 0; k < depth; k++) {
          UNROLL
          for (int r = 0; r < ROWS; r++) {
            const VECTOR x = (VECTOR)(lines[r][k * step]);
            UNROLL
            for (int v = 0; v < VECTORS; v++) s[r][v] = MULTIPLY_ADD(x, panel[k * VECTORS + v], s[r][v]);
          }
        }
      }
#endif
      GLOBAL C_ELEMENT *to = c + row * p.v[7] + column_begin * p.v[8];
#if !C_IS_HALF
      if (last && p.v[8] == 1 && columns == COLUMNS && rows == ROWS) {
        UNROLL
        for (int r = 0; r < ROWS; r++) {
          UNROLL
          for (int v = 0; v < VECTORS; v++) STORE(s[r][v], v, to + r * p.v[7]);
        }
        continue;
      }
#endif
      UNROLL
      for (int r = 0; r < ROWS; r++) {
        UNROLL
        for (int v = 0; v < VECTORS; v++) kept[r * VECTORS + v] = s[r][v];
      }
      if (last) {
        LOCAL ELEMENT *source = (LOCAL ELEMENT *)kept;
        for (int r = 0; r < rows; r++)
          for (int j = 0; j < columns; j++) to[r * p.v[7] + j * p.v[8]] = OF_C(source[r * COLUMNS + j]);
      }
    }
    k_begin += DEPTH;
  } while (k_begin < k_all);
}

//@ matmul lanes
// A group of SIDE by SIDE work items computes SIDE * EACH rows and columns from tiles in local memory; each work item
// holds EACH by EACH sums.
#define EDGE (SIDE * EACH)
KERNEL LANES(SIDE, SIDE) void run(const Parameters p, GLOBAL const A_ELEMENT *a, GLOBAL const B_ELEMENT *b,
                                  GLOBAL C_ELEMENT *c) {
  LOCAL ELEMENT left[DEPTH][EDGE + 1], right[DEPTH][EDGE + 1];
  BEGIN_BATCH
  const I64 row_begin = GROUP_Y * EDGE, column_begin = GROUP_X * EDGE;
  const int lane = LANE_Y * SIDE + LANE_X;
  ELEMENT s[EACH][EACH];
  for (int r = 0; r < EACH; r++)
    for (int j = 0; j < EACH; j++) s[r][j] = 0;
  for (I64 k_begin = 0; k_begin < p.v[2]; k_begin += DEPTH) {
    // Neighbouring work items read what lies side by side.
    for (int n = lane; n < DEPTH * EDGE; n += SIDE * SIDE) {
      const int k = p.v[4] == 1 ? n % DEPTH : n / EDGE, at = p.v[4] == 1 ? n / DEPTH : n % EDGE;
      const int inside = k_begin + k < p.v[2] && row_begin + at < p.v[0];
      left[k][at] = inside ? OF_A(a[(row_begin + at) * p.v[3] + (k_begin + k) * p.v[4]]) : 0;
    }
    for (int n = lane; n < DEPTH * EDGE; n += SIDE * SIDE) {
      const int k = p.v[6] == 1 ? n / EDGE : n % DEPTH, at = p.v[6] == 1 ? n % EDGE : n / DEPTH;
      const int inside = k_begin + k < p.v[2] && column_begin + at < p.v[1];
      right[k][at] = inside ? OF_B(b[(k_begin + k) * p.v[5] + (column_begin + at) * p.v[6]]) : 0;
    }
    BARRIER;
    const int depth = p.v[2] - k_begin < DEPTH ? (int)(p.v[2] - k_begin) : DEPTH;
    for (int k = 0; k < depth; k++) {
      ELEMENT x[EACH], y[EACH];
      for (int r = 0; r < EACH; r++) x[r] = left[k][LANE_Y + r * SIDE];
      for (int j = 0; j < EACH; j++) y[j] = right[k][LANE_X + j * SIDE];
      for (int r = 0; r < EACH; r++)
        for (int j = 0; j < EACH; j++) s[r][j] = MULTIPLY_ADD(x[r], y[j], s[r][j]);
    }
    BARRIER;
  }
  for (int r = 0; r < EACH; r++) {
    for (int j = 0; j < EACH; j++) {
      const I64 row = row_begin + LANE_Y + r * SIDE, column = column_begin + LANE_X + j * SIDE;
      if (row < p.v[0] && column < p.v[1]) c[row * p.v[7] + column * p.v[8]] = OF_C(s[r][j]);
    }
  }
}
