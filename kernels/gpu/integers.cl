// The functions of integers, written once for those of 32 and of 64 bits. INTEGER is the type, WORD the same bits without a
// sign, WIDTH their number; NAME adds the type's letter.

// Sums and products of integers wrap, and nothing traps.

FUNCTION INTEGER NAME(add)(INTEGER a, INTEGER b) { return (INTEGER)((WORD)a + (WORD)b); }
FUNCTION INTEGER NAME(sub)(INTEGER a, INTEGER b) { return (INTEGER)((WORD)a - (WORD)b); }
FUNCTION INTEGER NAME(mul)(INTEGER a, INTEGER b) { return (INTEGER)((WORD)a * (WORD)b); }
FUNCTION INTEGER NAME(negate)(INTEGER a) { return (INTEGER)((WORD)0 - (WORD)a); }
FUNCTION INTEGER NAME(abs)(INTEGER a) { return a < 0 ? NAME(negate)(a) : a; }
FUNCTION INTEGER NAME(max)(INTEGER a, INTEGER b) { return a > b ? a : b; }
FUNCTION INTEGER NAME(min)(INTEGER a, INTEGER b) { return a < b ? a : b; }

// A shift by a negative count, or by as many bits as there are, leaves no bit but the sign of >>.
FUNCTION INTEGER NAME(shiftLeft)(INTEGER a, INTEGER b) {
  return (WORD)b < WIDTH ? (INTEGER)((WORD)a << (b & (WIDTH - 1))) : 0;
}
FUNCTION INTEGER NAME(shiftRight)(INTEGER a, INTEGER b) { return a >> ((WORD)b < WIDTH ? b & (WIDTH - 1) : WIDTH - 1); }

FUNCTION INTEGER NAME(floorDiv)(INTEGER a, INTEGER b) {
  INTEGER special = b == 0 || b == -1;
  INTEGER divisor = special ? 1 : b;
  INTEGER quotient = a / divisor;
  INTEGER rest = a - quotient * divisor;
  INTEGER down = rest != 0 && (rest < 0) != (divisor < 0);
  return b == 0 ? 0 : (b == -1 ? NAME(negate)(a) : quotient - down);
}

FUNCTION INTEGER NAME(mod)(INTEGER a, INTEGER b) {
  return b == 0 ? 0 : NAME(sub)(a, NAME(mul)(NAME(floorDiv)(a, b), b));
}
