// The first lines of every kernel's text: the words of the device's dialect of C.

#ifdef __OPENCL_VERSION__
#ifdef HAS_DOUBLE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
#pragma OPENCL FP_CONTRACT OFF
#define KERNEL __kernel
#define GLOBAL __global
#define LOCAL __local
#define BARRIER barrier(CLK_LOCAL_MEM_FENCE)
#define GROUP_X ((I64)get_group_id(0))
#define GROUP_Y ((I64)get_group_id(1))
#define GROUP_Z ((I64)get_group_id(2))
#define LANE_X ((int)get_local_id(0))
#define LANE_Y ((int)get_local_id(1))
#define LANES(x, y) __attribute__((reqd_work_group_size(x, y, 1)))
#define FUNCTION static inline
typedef long I64;
typedef ulong U64;
typedef uint U32;
typedef ushort U16;
typedef uchar U8;
#define AS_INT(x) as_int(x)
#define AS_FLOAT(x) as_float(x)
#define AS_LONG(x) as_long(x)
#define AS_DOUBLE(x) as_double(x)
#define HIGH_PRODUCT_32(x, y) mul_hi(x, y)
#define HIGH_PRODUCT_64(x, y) mul_hi(x, y)
#define ALIGNED(bytes) __attribute__((aligned(bytes)))
#define INFINITY_FLOAT INFINITY
#define UNROLL _Pragma("unroll")
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define KERNEL extern "C" __global__
#define GLOBAL
#define LOCAL __shared__
#define BARRIER __syncthreads()
#define GROUP_X ((I64)blockIdx.x)
#define GROUP_Y ((I64)blockIdx.y)
#define GROUP_Z ((I64)blockIdx.z)
#define LANE_X ((int)threadIdx.x)
#define LANE_Y ((int)threadIdx.y)
#define LANES(x, y) __launch_bounds__((x) * (y))
#define FUNCTION static __device__ __forceinline__
typedef long long I64;
typedef unsigned long long U64;
typedef unsigned int U32;
typedef unsigned short U16;
typedef unsigned char U8;
#define AS_INT(x) __float_as_int(x)
#define AS_FLOAT(x) __int_as_float(x)
#define AS_LONG(x) __double_as_longlong(x)
#define AS_DOUBLE(x) __longlong_as_double(x)
#define HIGH_PRODUCT_32(x, y) __umulhi(x, y)
#define HIGH_PRODUCT_64(x, y) __umul64hi(x, y)
#define ALIGNED(bytes) alignas(bytes)
#define INFINITY_FLOAT __int_as_float(0x7f800000)
#define UNROLL _Pragma("unroll")
#define INDEPENDENT
#endif

// 2^n, in the words of a type of floats.
#define POWER_OF_TWO(n) FROM_BITS((INT)(((UINT)(n) + BIAS) << DIGITS))
