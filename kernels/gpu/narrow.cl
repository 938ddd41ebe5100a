// sin, cos, pow, floorDiv and mod of a device without double, by its own functions.

// No argument takes longer than others here, so `hard` is never set.
FUNCTION float sinEasy_f(float x, int *hard) { return sin(x); }
FUNCTION float cosEasy_f(float x, int *hard) { return cos(x); }
FUNCTION float sin_f(float x) { return sin(x); }
FUNCTION float cos_f(float x) { return cos(x); }
FUNCTION float power_f(float x, float y) { return pow(x, y); }
FUNCTION float floorDiv_f(float a, float b) {
  float r = fmod(a, b), quotient = (a - r) / b;
  if (r != 0.0f && (r < 0.0f) != (b < 0.0f)) quotient -= 1.0f;
  return b == 0.0f ? a / b : (quotient == 0.0f ? copySign_f(0.0f, a / b) : rint(quotient));
}
FUNCTION float mod_f(float a, float b) {
  float r = fmod(a, b);
  return r != 0.0f && (r < 0.0f) != (b < 0.0f) ? r + b : r;
}
FUNCTION float modEasy_f(float a, float b, int *hard) { return mod_f(a, b); }
