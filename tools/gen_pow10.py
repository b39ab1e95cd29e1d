#!/usr/bin/env python3
"""Makes runtime/core/pow10.h, the powers of ten that num.c reads and writes doubles with.

Exact integer arithmetic, so the output never depends on the machine.
Usage: gen_pow10.py > runtime/core/pow10.h
"""

FIRST = -342  # 1e19 * 10^-343 is below half the smallest double
LAST = 324    # the smallest double, 5e-324, is scaled up by this much


def significand(k):
    """The leading 128 bits of 10^k, rounded down."""
    if k >= 0:
        power = 10**k
        excess = power.bit_length() - 128
        return power >> excess if excess >= 0 else power << -excess
    power = 10**-k
    # 2^n / power with n such that the quotient has 128 bits: it is never a power of two
    return (1 << power.bit_length() + 127) // power


def main():
    print(f"""\
/*
 * pow10.h - made by tools/gen_pow10.py; do not edit.
 *
 * 10^k is p * 2^e with the 128 bit p = cdp__pow10[k - CDP__POW10_FIRST], most significant half
 * first, top bit set, rounded down; it is exact for k from 0 to CDP__POW10_EXACT.
 */
#ifndef CDP_POW10_H
#define CDP_POW10_H

#include <stdint.h>

enum {{ CDP__POW10_FIRST = {FIRST}, CDP__POW10_LAST = {LAST}, CDP__POW10_EXACT = 55 }};

/* clang-format off */
static const uint64_t cdp__pow10[CDP__POW10_LAST - CDP__POW10_FIRST + 1][2] = {{""")
    for k in range(FIRST, LAST + 1):
        p = significand(k)
        assert p >> 127 == 1
        assert ~p & (1 << 64) - 1, "num.c adds 1 to lower halves"
        print(f"    {{ 0x{p >> 64:016x}, 0x{p & (1 << 64) - 1:016x} }}, /* {k} */")
    print("""};
/* clang-format on */

#endif /* CDP_POW10_H */""")


if __name__ == "__main__":
    main()
