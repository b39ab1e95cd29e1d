/*
 * nearest.h - the word that somebody may have meant.
 */
#ifndef NEAREST_H
#define NEAREST_H

#include <cdp/cdp.h>

/* Offer words, then read .word: absent where none is near. */
typedef struct nearest {
    cdp_str wanted;
    cdp_str word;
    size_t distance;
} nearest;

nearest nearest_to(cdp_str wanted);
void nearest_offer(nearest *n, cdp_str word);

#endif /* NEAREST_H */
