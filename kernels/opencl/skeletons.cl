// Kernels of instructions that are not made from a row's expression: each lies between two marks, and is compiled with
// the macros that it names.

//@ gather
// out[o, c, i] = source[o, index[o, c, i], i]. A group has `each` slices; `out`, `source` and `index` are offsets of the
// operands.
typedef struct {
  I64 outer, count, length, inner, each, out, out_strides[3], source, source_strides[3], index, index_strides[3];
} Parameters;
KERNEL LANES(LANES_X, LANES_Y) void run(const Parameters p, GLOBAL ELEMENT *out, GLOBAL const ELEMENT *source,
                                        GLOBAL const INDEX *index) {
  const I64 all = p.outer * p.count;
  const I64 end = all < (GROUP_X + 1) * p.each ? all : (GROUP_X + 1) * p.each;
  for (I64 slice = GROUP_X * p.each + LANE_Y; slice < end; slice += LANES_Y) {
    const I64 o = slice / p.count, c = slice - o * p.count;
    const I64 to = p.out + o * p.out_strides[0] + c * p.out_strides[1];
    const I64 from = p.source + o * p.source_strides[0];
    const I64 chosen = p.index + o * p.index_strides[0] + c * p.index_strides[1];
    for (I64 i = LANE_X; i < p.inner; i += LANES_X) {
      const I64 at = (I64)index[chosen + i * p.index_strides[2]];
      if (at >= 0 && at < p.length)
        out[to + i * p.out_strides[2]] = source[from + at * p.source_strides[1] + i * p.source_strides[2]];
    }
  }
}

//@ scatter
// JOIN_INTO(x, y), where x is out[o, index[o, c, i], i] and y is source[o, c, i], c ascending: a work item owns its o and
// i, and a group owns `each` indices of the inner axis. Nothing is written once an index was found out of range.
typedef struct {
  I64 outer, count, length, inner, each, out, out_strides[3], source, source_strides[3], index, index_strides[3];
} Parameters;
KERNEL LANES(LANES_X, LANES_Y) void run(const Parameters p, GLOBAL ELEMENT *out, GLOBAL const ELEMENT *source,
                                        GLOBAL const INDEX *index, GLOBAL const I64 *found) {
  if (found[0] != 0) return;
  const I64 begin = GROUP_Y * p.each;
  const I64 end = p.inner < begin + p.each ? p.inner : begin + p.each;
  for (I64 o = GROUP_X * LANES_Y + LANE_Y; o < p.outer && o < (GROUP_X + 1) * LANES_Y; o += LANES_Y) {
    const I64 to = p.out + o * p.out_strides[0];
    for (I64 c = 0; c < p.count; c++) {
      const I64 chosen = p.index + o * p.index_strides[0] + c * p.index_strides[1];
      const I64 from = p.source + o * p.source_strides[0] + c * p.source_strides[1];
      for (I64 i = begin + LANE_X; i < end; i += LANES_X) {
        const I64 at = (I64)index[chosen + i * p.index_strides[2]];
        if (at < 0 || at >= p.length) continue;
        JOIN_INTO(out[to + at * p.out_strides[1] + i * p.out_strides[2]], source[from + i * p.source_strides[2]]);
      }
    }
  }
}

//@ check
// Notes the first index that is out of range: the number of the check, the index, and the length.
typedef struct { I64 outer, count, inner, length, action, index, index_strides[3]; } Parameters;
KERNEL LANES(LANES_X, 1) void run(const Parameters p, GLOBAL const INDEX *index, GLOBAL I64 *found) {
  LOCAL I64 first[LANES_X];
  const I64 all = p.outer * p.count * p.inner;
#define INDEX_AT(place)                                                                               \
  (I64)index[p.index + (place) / p.inner / p.count * p.index_strides[0] +                             \
             (place) / p.inner % p.count * p.index_strides[1] + (place) % p.inner * p.index_strides[2]]
  I64 mine = all;
  for (I64 place = LANE_X; place < all; place += LANES_X) {
    const I64 at = INDEX_AT(place);
    if ((at < 0 || at >= p.length) && place < mine) mine = place;
  }
  first[LANE_X] = mine;
  BARRIER;
  for (int n = LANES_X / 2; n > 0; n >>= 1) {
    if (LANE_X < n && first[LANE_X + n] < first[LANE_X]) first[LANE_X] = first[LANE_X + n];
    BARRIER;
  }
  if (LANE_X == 0 && first[0] < all && found[0] == 0) {
    found[0] = p.action;
    found[1] = INDEX_AT(first[0]);
    found[2] = p.length;
  }
}

//@ sort
// A bitonic sort (Batcher 1968) of rows with room for 2^room_bits elements each; see `gpu/arguments.zig` for the fields and
// the order of the launches. No two elements are equal, for the place in the row tells equal keys apart.
typedef struct {
  U64 out, x, elements, first, rows;
  U32 length, taken, room_bits, descending;
  U64 size, distance, rank, shape[8];
  I64 out_strides[8], x_strides[8], out_step, x_step;
} Parameters;

#if IS_WIDE
typedef U64 KEY;
typedef struct { U64 key, place; } PAIR;
#define MAKE(to, k, p) ((to).key = (k), (to).place = (p))
#define PLACE(pair) ((pair).place)
#define BEFORE(a, b) ((a).key < (b).key || ((a).key == (b).key && (a).place < (b).place))
#else
typedef U32 KEY;
typedef U64 PAIR;
#define MAKE(to, k, p) ((to) = (U64)(k) << 32 | (p))
#define PLACE(pair) ((pair) & 0xffffffffu)
#define BEFORE(a, b) ((a) < (b))
#endif

#if STEP == 0
FUNCTION KEY key_of(WORD word) {
#if IS_FLOAT
  const WORD magnitude = word & (WORD)~SIGN;
  if (magnitude > LARGEST) return (WORD)~(WORD)0;
  if (magnitude == 0) return SIGN;
  return (WORD)(word & SIGN ? ~word : word | SIGN);
#else
  return KEY_OF(word);
#endif
}
#endif

// Compares elements of runs of `size` that lie `distance` apart in a tile.
#define EXCHANGE(size, distance)                                                   \
  for (int n = LANE_X; n < TILE / 2; n += LANES_X) {                               \
    const int low = 2 * n - (n & ((distance) - 1)), high = low + (distance);       \
    const int descends = ((begin + low) & (room - 1) & (size)) != 0;               \
    const PAIR a = tile[low], b = tile[high];                                      \
    if ((BEFORE(b, a) ? 1 : 0) != descends) {                                      \
      tile[low] = b;                                                               \
      tile[high] = a;                                                              \
    }                                                                              \
  }                                                                                \
  BARRIER;

KERNEL LANES(LANES_X, 1) void run(const Parameters p, GLOBAL int *out, GLOBAL const WORD *x, GLOBAL PAIR *pairs) {
  const U64 room = (U64)1 << p.room_bits;
#if STEP == 1
  for (int n = LANE_X; n < TILE / 2; n += LANES_X) {
    const U64 at = (U64)GROUP_X * (TILE / 2) + n, low = 2 * at - (at & (p.distance - 1)), high = low + p.distance;
    const int descends = (low & (room - 1) & p.size) != 0;
    const PAIR a = pairs[low], b = pairs[high];
    if ((BEFORE(b, a) ? 1 : 0) != descends) {
      pairs[low] = b;
      pairs[high] = a;
    }
  }
#else
  LOCAL PAIR tile[TILE];
  const U64 begin = (U64)GROUP_X * TILE;
  for (int n = LANE_X; n < TILE; n += LANES_X) {
#if STEP == 0
    const U64 row = (begin + n) >> p.room_bits, place = (begin + n) & (room - 1);
    if (row < p.rows && place < p.length) {
      U64 rest = p.first + row;
      I64 at = (I64)p.x + (I64)place * p.x_step;
      for (int axis = (int)p.rank - 1; axis >= 0; axis--) {
        const U64 next = axis == 0 ? 0 : rest / p.shape[axis];
        at += (I64)(rest - next * p.shape[axis]) * p.x_strides[axis];
        rest = next;
      }
      const KEY key = key_of(x[at]);
      MAKE(tile[n], p.descending ? ~key : key, place);
    } else
      MAKE(tile[n], ~(KEY)0, 0xffffffffu);
#else
    tile[n] = pairs[begin + n];
#endif
  }
  BARRIER;
#if STEP == 0
  for (int size = 2; size <= TILE && size <= room; size *= 2)
    for (int distance = size / 2; distance > 0; distance /= 2) {
      EXCHANGE(size, distance)
    }
#else
  for (int distance = TILE / 2; distance > 0; distance /= 2) {
    EXCHANGE(p.size, distance)
  }
#endif
  for (int n = LANE_X; n < TILE; n += LANES_X) {
    if (p.size < room) {
      pairs[begin + n] = tile[n];
      continue;
    }
    const U64 row = (begin + n) >> p.room_bits, place = (begin + n) & (room - 1);
    if (row >= p.rows || place >= p.taken) continue;
    U64 rest = p.first + row;
    I64 at = (I64)p.out + (I64)place * p.out_step;
    for (int axis = (int)p.rank - 1; axis >= 0; axis--) {
      const U64 next = axis == 0 ? 0 : rest / p.shape[axis];
      at += (I64)(rest - next * p.shape[axis]) * p.out_strides[axis];
      rest = next;
    }
    out[at] = (int)PLACE(tile[n]);
  }
#endif
}

//@ random
// Philox4x32-10: see `numbers/philox.zig`. A group has `each` blocks, and a block gives PER_BLOCK elements, which
// NUMBERS makes from the words w0 to w3.
typedef struct { I64 count, key[2], counter, each, out; } Parameters;
#define BLOCK                                                                           \
  const U64 counter = (U64)p.counter + (U64)b;                                          \
  U32 w0 = (U32)counter, w1 = (U32)(counter >> 32), w2 = 0, w3 = 0;                     \
  U32 key0 = (U32)p.key[0], key1 = (U32)p.key[1];                                       \
  UNROLL                                                                                \
  for (int round = 0; round < 10; round++) {                                            \
    const U64 left = (U64)w0 * 0xD2511F53u, right = (U64)w2 * 0xCD9E8D57u;              \
    w0 = (U32)(right >> 32) ^ w1 ^ key0;                                                \
    w2 = (U32)(left >> 32) ^ w3 ^ key1;                                                 \
    w1 = (U32)right;                                                                    \
    w3 = (U32)left;                                                                     \
    key0 += 0x9E3779B9u;                                                                \
    key1 += 0xBB67AE85u;                                                                \
  }
KERNEL LANES(LANES_X, 1) void run(const Parameters p, GLOBAL ELEMENT *out) {
  const I64 blocks = (p.count + PER_BLOCK - 1) / PER_BLOCK;
  const I64 end = blocks < (GROUP_X + 1) * p.each ? blocks : (GROUP_X + 1) * p.each;
  const I64 whole = end * PER_BLOCK <= p.count ? end : end - 1;
  GLOBAL ELEMENT *to = out + p.out;
  INDEPENDENT
  for (I64 b = GROUP_X * p.each + LANE_X; b < whole; b += LANES_X) {
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
      if (b * PER_BLOCK + n < p.count) to[b * PER_BLOCK + n] = numbers[n];
  }
}

//@ scan
// Parts of `each` elements of rows. With TOTALS a part leaves what it joins to in `carried`, part after part and in each
// the rows; else it is scanned behind what `carried` has of the parts before it, if there are several. A row that does not
// associate has one part. Sums of floats grow by stretches that are joined first, so that none is lost in a long row.
typedef struct {
  I64 rows, length, each, parts, items, rank, sizes[RANK_MAX], offsets[3], along[3], strides[3][RANK_MAX];
} Parameters;
#define STRETCH 64
FUNCTION ACCUMULATOR join(const ACCUMULATOR r, const ACCUMULATOR a0_0, const ACCUMULATOR a0_1) { return JOINED; }
#define JOIN(x, y) join(x, y, y)
#define BEGIN_PART                                                                                                   \
  const I64 part = item / p.rows, row = item - part * p.rows;                                                         \
  I64 to = p.offsets[0], from = p.offsets[1], beside = p.offsets[2], rest = row;                                      \
  for (I64 axis = p.rank - 1; axis >= 0; axis--) {                                                                    \
    const I64 next = rest / p.sizes[axis], at = rest - next * p.sizes[axis];                                          \
    to += at * p.strides[0][axis];                                                                                    \
    from += at * p.strides[1][axis];                                                                                  \
    beside += at * p.strides[2][axis];                                                                                \
    rest = next;                                                                                                      \
  }                                                                                                                   \
  const I64 begin = part * p.each, end = p.length < begin + p.each ? p.length : begin + p.each;                       \
  ACCUMULATOR before = !TOTALS && part > 0 ? carried[(part - 1) * p.rows + row] : START;
KERNEL LANES(LANES_X, 1) void run(const Parameters p, GLOBAL C_ELEMENT *out, GLOBAL const A_ELEMENT *a,
                                  GLOBAL const B_ELEMENT *b, GLOBAL ACCUMULATOR *carried) {
#if GROUPED
  // A group has a part; each work item has EACH elements of a stretch.
  LOCAL ACCUMULATOR shared[2][LANES_X];
  const I64 item = GROUP_X;
  BEGIN_PART
  for (I64 first = begin; first < end; first += LANES_X * EACH) {
    const I64 own = first + LANE_X * EACH;
    ACCUMULATOR values[EACH], mine = START;
    for (int e = 0; e < EACH; e++) {
      if (own + e < end) mine = JOIN(mine, OF_A(a[from + (own + e) * p.along[1]]));
      values[e] = mine;
    }
    shared[0][LANE_X] = mine;
    BARRIER;
    int side = 0;
    for (int distance = 1; distance < LANES_X; distance *= 2) {
      ACCUMULATOR x = shared[side][LANE_X];
      if (LANE_X >= distance) x = JOIN(shared[side][LANE_X - distance], x);
      side = 1 - side;
      shared[side][LANE_X] = x;
      BARRIER;
    }
#if !TOTALS
    for (int e = 0; e < EACH; e++) {
      const ACCUMULATOR joined = LANE_X > 0 ? JOIN(shared[side][LANE_X - 1], values[e]) : values[e];
      if (own + e < end) out[to + (own + e) * p.along[0]] = OF_C(JOIN(before, joined));
    }
#endif
    before = JOIN(before, shared[side][LANES_X - 1]);
    BARRIER;
  }
#if TOTALS
  if (LANE_X == 0) carried[part * p.rows + row] = before;
#endif
#else
  // A work item has a part; neighbours have neighbouring rows.
  for (I64 k = LANE_X; k < p.items; k += LANES_X) {
    const I64 item = GROUP_X * p.items + k;
    if (item >= p.rows * p.parts) break;
    BEGIN_PART
    for (I64 j = begin; j < end;) {
#if ASSOCIATES
      const I64 stop = end < j + STRETCH ? end : j + STRETCH;
      ACCUMULATOR mine = START;
      for (; j < stop; j++) {
        mine = JOIN(mine, OF_A(a[from + j * p.along[1]]));
#if !TOTALS
        out[to + j * p.along[0]] = OF_C(JOIN(before, mine));
#endif
      }
      before = JOIN(before, mine);
#else
      before = join(before, OF_A(a[from + j * p.along[1]]), OF_B(b[beside + j * p.along[2]]));
      out[to + j * p.along[0]] = OF_C(before);
      j++;
#endif
    }
#if TOTALS
    carried[part * p.rows + row] = before;
#endif
  }
#endif
}

//@ matmul
// Parameters of both products: strides from row to row and from column to column, the offsets of a, b and c, and the
// rows of a group; then for each axis of the batch, and one more, its size and the strides of a, b and c. Every sum
// runs over k in order in one accumulator by fused multiply-adds, so that no size of tile changes a bit. Halves become
// ELEMENTs where OF_A and OF_B read them, and OF_C rounds each sum to a half where it is stored.
typedef struct { I64 size, a, b, c; } Axis;
typedef struct {
  I64 m, n, k, a_row, a_column, b_row, b_column, c_row, c_column, a, b, c, rows;
  Axis batch[BATCH_RANK + 1];
} Parameters;
#define BEGIN_BATCH                                                         \
  I64 rest = GROUP_Z;                                                       \
  for (int axis = BATCH_RANK - 1; axis >= 0; axis--) {                      \
    const I64 next = rest / p.batch[axis].size;                             \
    const I64 at = rest - next * p.batch[axis].size;                        \
    rest = next;                                                            \
    a += at * p.batch[axis].a;                                              \
    b += at * p.batch[axis].b;                                              \
    c += at * p.batch[axis].c;                                              \
  }                                                                         \
  a += p.a;                                                                 \
  b += p.b;                                                                 \
  c += p.c;

//@ matmul vectors
// One work item computes rows by WIDTH * VECTORS columns: it packs a panel of b, then takes ROWS rows at a time through
// the panel with their sums in registers.
#define COLUMNS (WIDTH * VECTORS)
KERNEL LANES(1, 1) void run(const Parameters p, GLOBAL const A_ELEMENT *a, GLOBAL const B_ELEMENT *b,
                            GLOBAL C_ELEMENT *c) {
  LOCAL VECTOR panel[DEPTH * VECTORS];
  LOCAL VECTOR sums[ROWS_MAX * VECTORS];
#if A_IS_HALF
  LOCAL ELEMENT left[ROWS * DEPTH];
#endif
  BEGIN_BATCH
  const I64 row_begin = GROUP_Y * p.rows, column_begin = GROUP_X * COLUMNS;
  const I64 row_end = p.m < row_begin + p.rows ? p.m : row_begin + p.rows;
  const int columns = p.n - column_begin < COLUMNS ? (int)(p.n - column_begin) : COLUMNS;
  const I64 k_all = p.k;
  I64 k_begin = 0;
  do {
    const int depth = k_all - k_begin < DEPTH ? (int)(k_all - k_begin) : DEPTH;
    const int first = k_begin == 0, last = k_begin + depth == k_all;
    GLOBAL const B_ELEMENT *from = b + k_begin * p.b_row + column_begin * p.b_column;
    LOCAL ELEMENT *target = (LOCAL ELEMENT *)panel;
    if (p.b_column == 1 && columns == COLUMNS) {
      for (int k = 0; k < depth; k++) {
#if B_IS_HALF
        INDEPENDENT
        for (int j = 0; j < COLUMNS; j++) target[k * COLUMNS + j] = OF_B(from[k * p.b_row + j]);
#else
        UNROLL
        for (int v = 0; v < VECTORS; v++) panel[k * VECTORS + v] = LOAD(v, from + k * p.b_row);
#endif
      }
    } else {
      for (int k = 0; k < depth; k++) {
        for (int j = 0; j < columns; j++) target[k * COLUMNS + j] = OF_B(from[k * p.b_row + j * p.b_column]);
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
        // Beyond the last row, the last row is read again: its result is not stored.
        lines[r] = a + (r < rows ? row + r : row_end - 1) * p.a_row + k_begin * p.a_column;
        UNROLL
        for (int v = 0; v < VECTORS; v++) s[r][v] = first ? (VECTOR)(0) : kept[r * VECTORS + v];
      }
      const I64 step = p.a_column;
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
      GLOBAL C_ELEMENT *to = c + row * p.c_row + column_begin * p.c_column;
#if !C_IS_HALF
      if (last && p.c_column == 1 && columns == COLUMNS && rows == ROWS) {
        UNROLL
        for (int r = 0; r < ROWS; r++) {
          UNROLL
          for (int v = 0; v < VECTORS; v++) STORE(s[r][v], v, to + r * p.c_row);
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
          for (int j = 0; j < columns; j++) to[r * p.c_row + j * p.c_column] = OF_C(source[r * COLUMNS + j]);
      }
    }
    k_begin += DEPTH;
  } while (k_begin < k_all);
}

//@ matmul lanes
// A group of SIDE by SIDE work items computes SIDE * EACH rows and as many columns from tiles in local memory; each
// work item holds EACH by EACH sums.
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
  for (I64 k_begin = 0; k_begin < p.k; k_begin += DEPTH) {
    // Neighbouring work items read contiguous elements.
    for (int n = lane; n < DEPTH * EDGE; n += SIDE * SIDE) {
      const int k = p.a_column == 1 ? n % DEPTH : n / EDGE, at = p.a_column == 1 ? n / DEPTH : n % EDGE;
      const int inside = k_begin + k < p.k && row_begin + at < p.m;
      left[k][at] = inside ? OF_A(a[(row_begin + at) * p.a_row + (k_begin + k) * p.a_column]) : 0;
    }
    for (int n = lane; n < DEPTH * EDGE; n += SIDE * SIDE) {
      const int k = p.b_column == 1 ? n / EDGE : n % DEPTH, at = p.b_column == 1 ? n % EDGE : n / DEPTH;
      const int inside = k_begin + k < p.k && column_begin + at < p.n;
      right[k][at] = inside ? OF_B(b[(k_begin + k) * p.b_row + (column_begin + at) * p.b_column]) : 0;
    }
    BARRIER;
    const int depth = p.k - k_begin < DEPTH ? (int)(p.k - k_begin) : DEPTH;
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
      if (row < p.m && column < p.n) c[row * p.c_row + column * p.c_column] = OF_C(s[r][j]);
    }
  }
}
