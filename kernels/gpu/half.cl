
// float16 (h) and bfloat16 (b): sixteen bits in memory, float wherever they are computed with. Narrowing rounds once, to
// nearest and halves to even. The bits are those of `half.zig`, but for which NaN an instruction of a GPU leaves.

FUNCTION float f_of_h(U16 x) {
#ifdef __CUDACC_RTC__
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
  return y;
#else
  const U32 sign = (U32)(x & 0x8000) << 16, size = x & 0x7fff;
  // The exponent counts from -112 there; all ones stay all ones. A subnormal number is a multiple of 2^-24.
  const U32 normal = (size << 13) + (size < 0x7c00 ? 112u << 23 : 224u << 23);
  const U32 quiet = size > 0x7c00 ? 0x400000u : 0u;
  const U32 subnormal = (U32)AS_INT((float)(int)size * 0x1p-24f);
  return AS_FLOAT((int)(sign | (size < 0x400 ? subnormal : normal | quiet)));
#endif
}
FUNCTION U16 h_of_f(float x) {
#ifdef __CUDACC_RTC__
  U16 y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
#else
  const U32 word = (U32)AS_INT(x), sign = word & 0x80000000u, size = word ^ sign;
  const U32 normal = (size - (112u << 23) + 0xfffu + ((size >> 13) & 1u)) >> 13;
  const U32 subnormal = (U32)AS_INT(AS_FLOAT((int)size) + 0.5f) - 0x3f000000u;
  const U32 nan = 0x7e00u | ((size >> 13) & 0x3ffu);
  const U32 finite = size < 113u << 23 ? subnormal : normal;
  const U32 infinite = size > 0x7f800000u ? nan : 0x7c00u;
  return (U16)((size >= 143u << 23 ? infinite : finite) | sign >> 16);
#endif
}

FUNCTION float f_of_b(U16 x) { return AS_FLOAT((int)((U32)x << 16)); }
FUNCTION U16 b_of_f(float x) {
#if defined(__CUDACC_RTC__) && __CUDA_ARCH__ >= 800
  U16 y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
#else
  const U32 word = (U32)AS_INT(x), rounded = word + 0x7fffu + ((word >> 16) & 1u), quiet = word | 0x400000u;
  return (U16)(((word & 0x7fffffffu) > 0x7f800000u ? quiet : rounded) >> 16);
#endif
}

FUNCTION int i_of_h(U16 x) { return int_of_f(f_of_h(x)); }
FUNCTION int i_of_b(U16 x) { return int_of_f(f_of_b(x)); }
FUNCTION U16 h_of_i(int x) { return h_of_f((float)x); }
FUNCTION U16 b_of_i(int x) { return b_of_f((float)x); }
FUNCTION double d_of_h(U16 x) { return (double)f_of_h(x); }
FUNCTION double d_of_b(U16 x) { return (double)f_of_b(x); }
// Of the two floats around a double the one with an odd significand, so that no second rounding meets a tie that was
// none.
FUNCTION float odd_of_d(double x) {
  const float nearest = (float)x;
  const double back = (double)nearest;
  const int beyond = x < 0 ? back < x : back > x, between = back < x || back > x;
  return AS_FLOAT((int)((U32)AS_INT(nearest) - (U32)beyond | (U32)between));
}
FUNCTION U16 h_of_d(double x) { return h_of_f(odd_of_d(x)); }
FUNCTION U16 b_of_d(double x) { return b_of_f(odd_of_d(x)); }
