/* Bit masks of 64 bytes: where do they equal a byte?
 *
 * Three ways to the same answer. `scalar` is portable C. The baseline is SSE2 on x86-64
 * and NEON on 64-bit ARM, which every such processor has. `avx2` is compiled for
 * itself and must only be called where `simd_has_avx2()` says so: no file is compiled
 * for a newer processor than the one it may be installed on.
 *
 * CHRONOMUX_SCALAR, when defined, leaves nothing but the portable way.
 */
#ifndef CHRONOMUX_SIMD_H
#define CHRONOMUX_SIMD_H

#include <stdint.h>
#include <string.h>

#define SIMD_BLOCK 64
#define SIMD_INLINE static inline __attribute__((always_inline))

#if !defined(CHRONOMUX_SCALAR) && defined(__x86_64__)
#define SIMD_X86 1
#include <immintrin.h>
#elif !defined(CHRONOMUX_SCALAR) && defined(__aarch64__) && defined(__AARCH64EL__)
#define SIMD_NEON 1
#include <arm_neon.h>
#endif

/* ---- Portable */

/* Bit i of the result: the XOR of bits 0 to i. */
SIMD_INLINE uint64_t prefix_xor_scalar(uint64_t bits)
{
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;
    return bits;
}

SIMD_INLINE unsigned popcount_scalar(uint64_t bits)
{
    bits -= (bits >> 1) & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + ((bits >> 2) & 0x3333333333333333u);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)((bits * 0x0101010101010101u) >> 56);
}

/* The place of the lowest bit; anything below 64 if there is none. */
SIMD_INLINE unsigned lowest_scalar(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits | (uint64_t)1 << 63);
}

/* Eight bytes at a time: the sum carries into the high bit of every byte that differs
 * in its low bits, and a product gathers the high bits. */
SIMD_INLINE uint64_t equal_scalar(const uint8_t *block, uint8_t byte)
{
    const uint64_t low_bits = 0x7f7f7f7f7f7f7f7fu;
    const uint64_t wanted = 0x0101010101010101u * byte;
    uint64_t mask = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t word;
        memcpy(&word, block + 8 * i, sizeof(word));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        word ^= wanted;
        uint64_t equal = ~(((word & low_bits) + low_bits) | word | low_bits);
        mask |= ((equal >> 7) * 0x0102040810204080u >> 56) << (8 * i);
    }
    return mask;
}

/* Where the byte stands next, or `end`. Fields are short: a call would cost more. */
static inline const uint8_t *next_byte(const uint8_t *p, const uint8_t *end, uint8_t byte)
{
    const uint64_t ones = 0x0101010101010101u;
    for (; end - p >= 8; p += 8) {
        uint64_t word;
        memcpy(&word, p, sizeof(word));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        word ^= ones * byte;
        /* The lowest bit that is left is that of the first zero byte. */
        word = (word - ones) & ~word & (ones << 7);
        if (word)
            return p + (lowest_scalar(word) >> 3);
    }
    while (p < end && *p != byte)
        p++;
    return p;
}

/* ---- SSE2, which x86-64 always has */

#ifdef SIMD_X86
SIMD_INLINE uint64_t equal_sse2(const uint8_t *block, uint8_t byte)
{
    const __m128i wanted = _mm_set1_epi8((char)byte);
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) {
        __m128i part = _mm_loadu_si128((const __m128i *)(block + 16 * i));
        unsigned bits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(part, wanted));
        mask |= (uint64_t)bits << (16 * i);
    }
    return mask;
}
#define prefix_xor_sse2 prefix_xor_scalar
#define popcount_sse2 popcount_scalar
#define lowest_sse2 lowest_scalar

/* ---- AVX2, with the carry-less multiplication and bit counts of its generation */

#define SIMD_AVX2_TARGET __attribute__((target("avx2,pclmul,popcnt,bmi")))

static inline SIMD_AVX2_TARGET uint64_t equal_avx2(const uint8_t *block, uint8_t byte)
{
    const __m256i wanted = _mm256_set1_epi8((char)byte);
    __m256i low = _mm256_loadu_si256((const __m256i *)block);
    __m256i high = _mm256_loadu_si256((const __m256i *)(block + 32));
    uint32_t first = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
    uint32_t second = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));
    return first | (uint64_t)second << 32;
}

/* A product without carries with all ones (Lemire and Langdale, 2019). */
static inline SIMD_AVX2_TARGET uint64_t prefix_xor_avx2(uint64_t bits)
{
    __m128i ones = _mm_set1_epi8(-1);
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)bits), ones, 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

static inline SIMD_AVX2_TARGET unsigned popcount_avx2(uint64_t bits)
{
    return (unsigned)__builtin_popcountll(bits);
}

static inline SIMD_AVX2_TARGET unsigned lowest_avx2(uint64_t bits)
{
    return (unsigned)_tzcnt_u64(bits);
}

static inline int simd_has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul")
           && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
}
#else
static inline int simd_has_avx2(void) { return 0; }
#endif

/* ---- NEON, which 64-bit ARM always has */

#ifdef SIMD_NEON
SIMD_INLINE uint64_t equal_neon(const uint8_t *block, uint8_t byte)
{
    static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128,
                                        1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t weight = vld1q_u8(weights);
    const uint8x16_t wanted = vdupq_n_u8(byte);
    uint8x16_t a = vandq_u8(vceqq_u8(vld1q_u8(block), wanted), weight);
    uint8x16_t b = vandq_u8(vceqq_u8(vld1q_u8(block + 16), wanted), weight);
    uint8x16_t c = vandq_u8(vceqq_u8(vld1q_u8(block + 32), wanted), weight);
    uint8x16_t d = vandq_u8(vceqq_u8(vld1q_u8(block + 48), wanted), weight);
    /* Three rounds of pairwise sums leave a byte for every eight bytes. */
    uint8x16_t sums = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
    sums = vpaddq_u8(sums, sums);
    return vgetq_lane_u64(vreinterpretq_u64_u8(sums), 0);
}
#define prefix_xor_neon prefix_xor_scalar
#define popcount_neon popcount_scalar
#define lowest_neon lowest_scalar
#endif

#endif
