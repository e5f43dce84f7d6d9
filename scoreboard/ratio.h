/*
 * Exact ratios of integers: scores are made of them and rounded once, at the end.
 */
#ifndef PARRY_SCOREBOARD_RATIO_H
#define PARRY_SCOREBOARD_RATIO_H

#include <glib.h>

typedef struct {
    gint64 num, den; /* den > 0; both below 2^32 once made by ratio_make() */
} Ratio;

#define RATIO_ONE ((Ratio){1, 1})
#define RATIO_ZERO ((Ratio){0, 1})

/*
 * num / den in lowest terms; one where den is 0 (nothing was asked, nothing is missing).
 * Past 2^32 both are halved until they fit: exact for anything a drill can reach, and the
 * same on every machine beyond.
 */
static inline Ratio ratio_make(gint64 num, gint64 den)
{
    gint64 a = num, b = den;

    if (den <= 0)
        return RATIO_ONE;
    while (b) {
        gint64 rest = a % b;
        a = b;
        b = rest;
    }
    if (a > 1) {
        num /= a;
        den /= a;
    }
    for (; den >> 32; den >>= 1)
        num >>= 1;
    return (Ratio){num, den};
}

/* floor(scale * ratio); scale >= 0. */
static inline gint64 ratio_of(Ratio ratio, gint64 scale)
{
    return (gint64)((__int128)scale * ratio.num / ratio.den);
}

#endif
