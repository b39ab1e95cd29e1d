/*
 * num.c - numbers as text: the shortest decimal that reads back, and back.
 *
 * Both directions scale by powers of ten of 128 bits, and prove the result exact: writing by
 * keeping a sticky bit (Giulietti's Schubfach), reading by knowing how far the truncated power
 * can be off (after Eisel and Lemire).  What reading cannot prove, it decides with big integers:
 * strtod() depends on the locale, and glibc's is wrong for some denormals.
 */
#include "num.h"

#include "pow10.h"

#include <float.h>
#include <stdbool.h>
#include <string.h>

enum {
    BIAS = 1023,
    FRACTION_BITS = 52,
    EXPONENT_MAX = 2047, /* that of infinity and NaN */
    DIGITS_MAX = 19      /* as many as a uint64_t always holds */
};

#define HIDDEN_BIT ((uint64_t)1 << FRACTION_BITS)

typedef struct {
    uint64_t hi, lo;
} wide;

static inline wide multiply(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 u128;
    u128 p = (u128)a * b;
    return (wide){ (uint64_t)(p >> 64), (uint64_t)p };
#else
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, cross = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)cross;
    return (wide){ a1 * b1 + (cross >> 32) + (other >> 32), other << 32 | (uint32_t)low };
#endif
}

/* floor(log2(10^k)); holds for |k| < 1233. */
static inline int log2_of_pow10(int k)
{
    return (k * 1741647) >> 19;
}

/* ---- writing ----------------------------------------------------------- */

static const char pairs[201] = "00010203040506070809"
                               "10111213141516171819"
                               "20212223242526272829"
                               "30313233343536373839"
                               "40414243444546474849"
                               "50515253545556575859"
                               "60616263646566676869"
                               "70717273747576777879"
                               "80818283848586878889"
                               "90919293949596979899";

static inline int count_digits(uint64_t u)
{
    static const uint64_t powers[] = { 0,
                                       10,
                                       100,
                                       1000,
                                       10000,
                                       100000,
                                       1000000,
                                       10000000,
                                       100000000,
                                       1000000000,
                                       10000000000,
                                       100000000000,
                                       1000000000000,
                                       10000000000000,
                                       100000000000000,
                                       1000000000000000,
                                       10000000000000000,
                                       100000000000000000,
                                       1000000000000000000,
                                       10000000000000000000u };
    int bits = 64 - __builtin_clzll(u | 1);
    int n = (bits * 1233) >> 12; /* of the smallest number with as many bits, or one less */

    return n + (u >= powers[n]);
}

/* Writes exactly n digits, which u must have. */
static inline void write_digits(char *out, uint64_t u, int n)
{
    while (n > 9) { /* 64-bit division is the slow one */
        uint32_t low = (uint32_t)(u % 10000);
        u /= 10000;
        n -= 4;
        memcpy(out + n, pairs + low / 100 * 2, 2);
        memcpy(out + n + 2, pairs + low % 100 * 2, 2);
    }
    uint32_t v = (uint32_t)u;
    while (n >= 2) {
        n -= 2;
        memcpy(out + n, pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (n)
        *out = (char)('0' + v);
}

static size_t write_u64(char *out, uint64_t u)
{
    int n = count_digits(u);

    write_digits(out, u, n);
    return (size_t)n;
}

size_t cdp__int_write(char *out, int64_t i)
{
    if (i >= 0)
        return write_u64(out, (uint64_t)i);
    *out = '-';
    return 1 + write_u64(out + 1, 0 - (uint64_t)i);
}

typedef struct {
    uint64_t digits; /* may end in zeros */
    int exponent;    /* of ten */
} decimal;

/* The integral part of factor * power / 2^128, with the lowest bit set where anything was cut
 * off: comparing such numbers with even ones is then exact. */
static inline uint64_t scale(wide power, uint64_t factor)
{
    wide low = multiply(power.lo, factor), high = multiply(power.hi, factor);

    high.lo += low.hi;
    high.hi += high.lo < low.hi;
    return high.hi | (high.lo > 1);
}

/* Of c * 2^q, positive.  `narrow`: the double below is half as far away as the one above.
 *
 * All of the interval that rounds to the double is scaled by 10^-k, such that at least one
 * integer and at most one multiple of ten lie in it; it is kept in quarters, so that its ends
 * are integers as well. */
static decimal shortest(uint64_t c, int q, bool narrow)
{
    /* floor(log10(2^q)), or of 3/4 * 2^q, the width of the interval */
    int k = (q * 1262611 - (narrow ? 524031 : 0)) >> 22;
    int shift = q + log2_of_pow10(-k) + 1;
    const uint64_t *entry = cdp__pow10[-k - CDP__POW10_FIRST];
    bool inexact = -k < 0 || -k > CDP__POW10_EXACT;
    wide power = { entry[0], entry[1] + inexact }; /* rounded up: no lower half is all ones */

    uint64_t value = scale(power, 4 * c << shift);
    uint64_t low = scale(power, (4 * c - (narrow ? 1 : 2)) << shift);
    uint64_t high = scale(power, (4 * c + 2) << shift);
    bool odd = c & 1; /* then the ends themselves round to a neighbour */
    low += odd;
    high -= odd;

    uint64_t s = value / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool below = low <= 40 * tens, above = 40 * tens + 40 <= high;
        if (below != above)
            return (decimal){ tens + above, k + 1 };
    }
    bool below = low <= 4 * s, above = 4 * s + 4 <= high;
    if (below == above) { /* both will do, or neither: the nearer one, an even one on a tie */
        uint64_t middle = 4 * s + 2;
        above = value > middle || (value == middle && (s & 1));
    }
    return (decimal){ s + above, k };
}

/* Number.toString() of n digits, the point behind `point` of them. */
static size_t place_point(char *out, const char *digits, int n, int point)
{
    char *p = out;

    if (n <= point && point <= 21) {
        memcpy(p, digits, (size_t)n);
        memset(p + n, '0', (size_t)(point - n));
        return (size_t)point;
    }
    if (0 < point && point <= 21) {
        memcpy(p, digits, 16); /* point < n <= 17 */
        p[point] = '.';
        memcpy(p + point + 1, digits + point, 16);
        return (size_t)n + 1;
    }
    if (-6 < point && point <= 0) {
        memcpy(p, "0.000000", 8);
        memcpy(p + 2 - point, digits, 17);
        return (size_t)(2 - point + n);
    }
    *p++ = digits[0];
    if (n > 1) {
        *p++ = '.';
        memcpy(p, digits + 1, 16);
        p += n - 1;
    }
    *p++ = 'e';
    *p++ = point > 0 ? '+' : '-';
    p += write_u64(p, (uint64_t)(point > 0 ? point - 1 : 1 - point));
    return (size_t)(p - out);
}

static size_t write_finite(char *out, uint64_t fraction, int exponent)
{
    char digits[40];
    decimal d;

    if (exponent)
        d = shortest(fraction | HIDDEN_BIT, exponent - BIAS - FRACTION_BITS,
                     fraction == 0 && exponent > 1);
    else
        d = shortest(fraction, 1 - BIAS - FRACTION_BITS, false);
    int n = count_digits(d.digits), point = n + d.exponent;
    write_digits(digits, d.digits, n);
    memset(digits + n, '0', sizeof digits - 20); /* never stop at what was there before */
    while (digits[n - 1] == '0')
        n--;
    return place_point(out, digits, n, point);
}

size_t cdp__num_write(char *out, double d)
{
    uint64_t bits;

    memcpy(&bits, &d, sizeof bits);
    int exponent = (int)(bits >> FRACTION_BITS & EXPONENT_MAX);
    if (exponent == EXPONENT_MAX) {
        memcpy(out, "null", 4);
        return 4;
    }
    size_t sign = bits >> 63;
    *out = '-';
    out += sign;
    if (exponent < BIAS + FRACTION_BITS + 1) { /* below 2^53 */
        uint64_t u = (uint64_t)(sign ? -d : d);
        if ((double)u == (sign ? -d : d))
            return sign + write_u64(out, u);
    }
    return sign + write_finite(out, bits & (HIDDEN_BIT - 1), exponent);
}

/* ---- reading ----------------------------------------------------------- */

/* What a number's text says: digits * 10^exponent, and more where it had too many digits. */
typedef struct {
    uint64_t digits;
    int64_t exponent;
    bool cut; /* the value is above digits, and below digits + 1 */
} text_number;

static double from_bits(uint64_t bits)
{
    double d;

    memcpy(&d, &bits, sizeof d);
    return d;
}

/* The double nearest to digits * 10^exponent.  False where this cannot tell: then it is *out or
 * the next one above. */
static bool scale_up(uint64_t digits, int64_t exponent, double *out)
{
    if (digits == 0 || exponent < CDP__POW10_FIRST) {
        *out = 0;
        return true;
    }
    if (exponent > DBL_MAX_10_EXP) {
        *out = from_bits((uint64_t)EXPONENT_MAX << FRACTION_BITS);
        return true;
    }
    int k = (int)exponent, lead = __builtin_clzll(digits);
    const uint64_t *power = cdp__pow10[k - CDP__POW10_FIRST];
    bool exact = k >= 0 && k <= CDP__POW10_EXACT;
    uint64_t w = digits << lead;
    wide high = multiply(w, power[0]), low = multiply(w, power[1]);
    high.lo += low.hi;
    high.hi += high.lo < low.hi;

    /* high:low.lo is the product, top bit 190 or 191; the value is less than w above it.  Keep
     * the 53 bits of a double and one more: what is below says only whether it is zero. */
    int top = (int)(high.hi >> 63);
    int e = 63 + top - lead + log2_of_pow10(k) + BIAS, drop = 9 + top;
    if (e < 1) { /* denormal */
        drop += 1 - e;
        e = 1;
    }
    uint64_t below = drop < 64 ? ((uint64_t)1 << drop) - 1 : UINT64_MAX;
    uint64_t kept = drop < 64 ? high.hi >> drop : 0, rest = high.hi & below;
    bool half = kept & 1, more = !exact || rest || high.lo || low.lo;
    uint64_t m = kept >> 1;
    m += half && (more || (m & 1));

    /* all ones: what is missing may carry to the half */
    bool sure = exact || half || rest != below || high.lo != UINT64_MAX || low.lo + w >= w;

    /* a carry out of the fraction runs into the exponent, as it should */
    uint64_t bits = ((uint64_t)(e - 1) << FRACTION_BITS) + m;
    uint64_t infinite = (uint64_t)EXPONENT_MAX << FRACTION_BITS;
    *out = from_bits(bits < infinite ? bits : infinite);
    return sure;
}

static inline bool is_digit(char c)
{
    return (unsigned)(c - '0') < 10;
}

/* Looks at the digits of the number at p, as many as a uint64_t holds. */
static text_number cut_digits(const char *p, int64_t exponent)
{
    text_number t = { 0, exponent, false };
    int n = 0;
    bool point = false;

    for (; is_digit(*p) || *p == '.'; p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        if (n < DIGITS_MAX) {
            t.digits = t.digits * 10 + (uint64_t)(*p - '0');
            n += t.digits != 0;
            t.exponent -= point;
        } else {
            t.cut |= *p != '0';
            t.exponent += !point;
        }
    }
    return t;
}

/* Unsigned, without leading zeros; room for 10^1100 and a double's digits. */
typedef struct {
    int n;
    uint32_t words[128]; /* the lowest first */
} big;

static void big_multiply_add(big *b, uint32_t factor, uint32_t carry)
{
    for (int i = 0; i < b->n; i++) {
        uint64_t w = (uint64_t)b->words[i] * factor + carry;
        b->words[i] = (uint32_t)w;
        carry = (uint32_t)(w >> 32);
    }
    if (carry)
        b->words[b->n++] = carry;
}

static void big_scale(big *b, uint32_t base, int64_t exponent)
{
    while (exponent > 0) {
        uint32_t factor = 1; /* up to 10^9 */
        for (int i = 0; i < 9 && exponent > 0; i++, exponent--)
            factor *= base;
        big_multiply_add(b, factor, 0);
    }
}

static int big_compare(const big *a, const big *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (int i = a->n; i-- > 0;)
        if (a->words[i] != b->words[i])
            return a->words[i] < b->words[i] ? -1 : 1;
    return 0;
}

/* All that matters of the digits at p: the middle of two doubles has no more than 767, and from
 * there on it counts only whether the rest is zero.  Returns the exponent of ten. */
static int64_t big_digits(big *b, const char *p, int64_t exponent)
{
    enum { ENOUGH = 768 };
    int n = 0;
    bool point = false, more = false;

    for (; is_digit(*p) || *p == '.'; p++) {
        if (*p == '.') {
            point = true;
        } else if (n < ENOUGH) {
            big_multiply_add(b, 10, (uint32_t)(*p - '0'));
            n += b->n != 0;
            exponent -= point;
        } else {
            more |= *p != '0';
            exponent += !point;
        }
    }
    big_multiply_add(b, 10, more);
    return exponent - 1;
}

/* The number at p is d or the next double above, or between: the nearer one. */
static double nearer(const char *p, int64_t written, double d)
{
    big number, middle;
    uint64_t bits;

    memcpy(&bits, &d, sizeof bits);
    int e = (int)(bits >> FRACTION_BITS);
    uint64_t m = (bits & (HIDDEN_BIT - 1)) | (e ? HIDDEN_BIT : 0);
    e = (e ? e : 1) - BIAS - FRACTION_BITS - 1;
    m = 2 * m + 1; /* the middle is m * 2^e */
    middle.words[0] = (uint32_t)m;
    middle.words[1] = (uint32_t)(m >> 32);
    middle.n = m >> 32 ? 2 : 1;
    number.n = 0;
    int64_t k = big_digits(&number, p, written);

    big_scale(k < 0 ? &middle : &number, 10, k < 0 ? -k : k);
    big_scale(e < 0 ? &number : &middle, 2, e < 0 ? -e : e);
    int order = big_compare(&number, &middle);
    return from_bits(bits + (order > 0 || (order == 0 && (bits & 1))));
}

/* Of the number at p: `written` is its exponent as it stands there, t what is known already. */
static double convert(const char *p, int64_t written, text_number t)
{
    double d, next;

    if (t.cut)
        t = cut_digits(p, written);
    bool sure = scale_up(t.digits, t.exponent, &d);
    if (sure && t.cut)
        sure = scale_up(t.digits + 1, t.exponent, &next) && next == d;
    return sure ? d : nearer(p, written, d);
}

const char *cdp__num_read(const char *p, double *out, int *overflow)
{
    static const double exact[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    bool minus = *p == '-';
    const char *start = p += minus, *fraction = NULL;
    uint64_t digits = 0; /* wraps if there are many: then they are read again */
    int64_t exponent = 0, written = 0;

    *overflow = 0;
    for (; is_digit(*p); p++)
        digits = digits * 10 + (uint64_t)(*p - '0');
    ptrdiff_t n = p - start;
    if (n == 0 || (*start == '0' && n > 1))
        return NULL;
    if (*p == '.') {
        fraction = ++p;
        for (; is_digit(*p); p++)
            digits = digits * 10 + (uint64_t)(*p - '0');
        if (p == fraction)
            return NULL;
        exponent = fraction - p;
        n -= exponent;
    }
    if (*p == 'e' || *p == 'E') {
        bool negative = *++p == '-';
        p += negative || *p == '+';
        const char *first = p;
        for (; is_digit(*p); p++)
            if (written < INT64_MAX / 100) /* far beyond what any number of digits makes up for */
                written = written * 10 + (*p - '0');
        if (p == first)
            return NULL;
        written = negative ? -written : written;
    }

    double d;
    exponent += written;
    if (n <= DIGITS_MAX && digits <= 2 * HIDDEN_BIT && exponent >= -22 && exponent <= 22 &&
        FLT_EVAL_METHOD == 0) {
        /* two exact doubles, one rounding */
        d = exponent < 0 ? (double)digits / exact[-exponent] : (double)digits * exact[exponent];
    } else {
        d = convert(start, written, (text_number){ digits, exponent, n > DIGITS_MAX });
        if (d > DBL_MAX) {
            *overflow = 1;
            return NULL;
        }
    }
    *out = minus ? -d : d;
    return p;
}
