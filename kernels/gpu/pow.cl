// pow of one type of floats, by the `power` of `wide.cl` or `narrow.cl`.

// The special cases of C99.
FUNCTION REAL NAME(pow)(REAL x, REAL y) {
  REAL size = NAME(abs)(x);
  REAL z = NAME(power)(size, y);
  int whole = trunc(y) == y;
  z = x < R(0.0) && !whole ? NOT_A_NUMBER : z;
  z = size == R(0.0) ? (y < R(0.0) ? INFINITE : R(0.0)) : z;
  z = size == INFINITE ? (y < R(0.0) ? R(0.0) : INFINITE) : z;
  REAL half_y = R(0.5) * y;
  int odd = whole && trunc(half_y) != half_y && NAME(abs)(y) < R(0x1p53);
  z = odd && BITS(x) < 0 ? -z : z;
  z = x != x || y != y ? x + y : z;
  return x == R(1.0) || y == R(0.0) ? R(1.0) : z;
}
