/* test_window.c - what is unanswered stays below what Node reads at once; the rest waits its turn.
 */
#include "../../runtime/net/window.h"
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST = 64 << 10, HEAD = 14 };

static const char text[200 << 10];

/* True: it may go. */
static bool admit(cdp__window *w, size_t len)
{
    int rc = -1;
    bool go = cdp__window_admit(w, text, len, &rc);

    assert_int_equal(rc, 0);
    return go;
}

static void release(cdp__window *w, size_t len)
{
    cdp__stashed *one = cdp__window_release(w);

    assert_non_null(one);
    assert_int_equal(one->len, len);
    cdp__stash_free_one(&w->held, one);
}

static void stays_below_a_read(void **state)
{
    cdp__window w = { .sent = 0 };
    uint64_t under_way = 0;
    unsigned held = 0;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        if (admit(&w, 86))
            under_way += 86 + HEAD;
        else
            held++;
    }
    assert_in_range(under_way, MOST / 2, MOST - 1);
    assert_int_equal(cdp__window_held(&w), held * (86 + HEAD));
    assert_null(cdp__window_release(&w));
    /* A reply to the tenth: so many more. */
    cdp__window_answer(&w, 10 * (86 + HEAD));
    for (int i = 0; i < 10; i++)
        release(&w, 86);
    assert_null(cdp__window_release(&w));
    /* Replies out of order take nothing back. */
    cdp__window_answer(&w, 5 * (86 + HEAD));
    assert_null(cdp__window_release(&w));
    cdp__window_reset(&w);
    assert_int_equal(cdp__window_held(&w), 0);
    assert_true(admit(&w, 86));
    cdp__window_reset(&w);
}

/* Those behind a held one are held, too, however small. */
static void keeps_the_order(void **state)
{
    cdp__window w = { .sent = 0 };

    (void)state;
    assert_true(admit(&w, 50 << 10));
    assert_false(admit(&w, 20 << 10));
    assert_false(admit(&w, 1));
    cdp__window_answer(&w, (50 << 10) + HEAD);
    release(&w, 20 << 10);
    release(&w, 1);
    assert_null(cdp__window_release(&w));
    cdp__window_reset(&w);
}

static void lets_a_large_one_go_alone(void **state)
{
    cdp__window w = { .sent = 0 };

    (void)state;
    assert_true(admit(&w, sizeof text));
    assert_false(admit(&w, 1));
    assert_false(admit(&w, sizeof text));
    cdp__window_answer(&w, sizeof text + HEAD);
    release(&w, 1);
    assert_null(cdp__window_release(&w));
    cdp__window_answer(&w, sizeof text + HEAD + 1 + HEAD);
    release(&w, sizeof text);
    cdp__window_reset(&w);
}

/* Without answers for a tick; one in time starts the wait anew. */
static void waits_no_longer_than_a_tick(void **state)
{
    cdp__window w = { .sent = 0 };

    (void)state;
    for (int i = 0; i < 10; i++)
        admit(&w, 10 << 10);
    cdp__window_answer(&w, 1);
    cdp__window_tick(&w);
    assert_null(cdp__window_release(&w));
    cdp__window_tick(&w);
    for (int i = 0; i < 5; i++)
        release(&w, 10 << 10);
    assert_int_equal(cdp__window_held(&w), 0);
    cdp__window_reset(&w);
}

static void says_when_memory_runs_out(void **state)
{
    rig_heap heap;
    int rc;

    (void)state;
    rig_heap_init(&heap);
    cdp__window w = { .held = { .allocator = &heap.allocator } };
    assert_true(cdp__window_admit(&w, text, 60 << 10, &rc));
    heap.fail_at = heap.requests + 1;
    assert_false(cdp__window_admit(&w, text, 60 << 10, &rc));
    assert_int_equal(rc, CDP_ENOMEM);
    assert_int_equal(cdp__window_held(&w), 0);
    cdp__window_reset(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_below_a_read),        cmocka_unit_test(keeps_the_order),
        cmocka_unit_test(lets_a_large_one_go_alone), cmocka_unit_test(waits_no_longer_than_a_tick),
        cmocka_unit_test(says_when_memory_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
