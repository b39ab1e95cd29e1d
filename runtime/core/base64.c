/* base64.c - binary as JSON carries it (RFC 4648 section 4); see text.h. */
#include "text.h"

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789+/";

size_t cdp__base64_encode(char *out, const uint8_t *p, size_t n)
{
    char *start = out;
    uint32_t w;

    for (; n >= 3; n -= 3, p += 3, out += 4) {
        w = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        out[0] = base64_digits[w >> 18];
        out[1] = base64_digits[w >> 12 & 63];
        out[2] = base64_digits[w >> 6 & 63];
        out[3] = base64_digits[w & 63];
    }
    if (n) {
        w = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
        out[0] = base64_digits[w >> 18];
        out[1] = base64_digits[w >> 12 & 63];
        out[2] = n == 2 ? base64_digits[w >> 6 & 63] : '=';
        out[3] = '=';
        out += 4;
    }
    return (size_t)(out - start);
}

/* Bit 6 says that it is one. */
static const uint8_t base64_values[256] = {
    ['A'] = 64,  ['B'] = 65,  ['C'] = 66,  ['D'] = 67,  ['E'] = 68,  ['F'] = 69,  ['G'] = 70,
    ['H'] = 71,  ['I'] = 72,  ['J'] = 73,  ['K'] = 74,  ['L'] = 75,  ['M'] = 76,  ['N'] = 77,
    ['O'] = 78,  ['P'] = 79,  ['Q'] = 80,  ['R'] = 81,  ['S'] = 82,  ['T'] = 83,  ['U'] = 84,
    ['V'] = 85,  ['W'] = 86,  ['X'] = 87,  ['Y'] = 88,  ['Z'] = 89,  ['a'] = 90,  ['b'] = 91,
    ['c'] = 92,  ['d'] = 93,  ['e'] = 94,  ['f'] = 95,  ['g'] = 96,  ['h'] = 97,  ['i'] = 98,
    ['j'] = 99,  ['k'] = 100, ['l'] = 101, ['m'] = 102, ['n'] = 103, ['o'] = 104, ['p'] = 105,
    ['q'] = 106, ['r'] = 107, ['s'] = 108, ['t'] = 109, ['u'] = 110, ['v'] = 111, ['w'] = 112,
    ['x'] = 113, ['y'] = 114, ['z'] = 115, ['0'] = 116, ['1'] = 117, ['2'] = 118, ['3'] = 119,
    ['4'] = 120, ['5'] = 121, ['6'] = 122, ['7'] = 123, ['8'] = 124, ['9'] = 125, ['+'] = 126,
    ['/'] = 127,
};

size_t cdp__base64_decode(uint8_t *out, const char *text, size_t n)
{
    const uint8_t *p = (const uint8_t *)text;
    uint8_t *start = out;
    uint32_t a, b, c, d;

    if (n && n % 4 == 0 && p[n - 1] == '=')
        n -= p[n - 2] == '=' ? 2 : 1;
    if (n % 4 == 1)
        return SIZE_MAX;
    for (; n >= 4; n -= 4, p += 4, out += 3) {
        a = base64_values[p[0]], b = base64_values[p[1]];
        c = base64_values[p[2]], d = base64_values[p[3]];
        if (!(a & b & c & d & 64))
            return SIZE_MAX;
        a = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6 | (d & 63);
        out[0] = (uint8_t)(a >> 16);
        out[1] = (uint8_t)(a >> 8);
        out[2] = (uint8_t)a;
    }
    if (n) {
        a = base64_values[p[0]], b = base64_values[p[1]];
        c = n == 3 ? base64_values[p[2]] : 64;
        if (!(a & b & c & 64))
            return SIZE_MAX;
        *out++ = (uint8_t)(a << 2 | (b & 63) >> 4);
        if (n == 3)
            *out++ = (uint8_t)(b << 4 | (c & 63) >> 2);
    }
    return (size_t)(out - start);
}
