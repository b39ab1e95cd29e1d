/*
 * report.h - what profiles, coverage and network events become for other tools.
 *
 * Reports are written in pieces, through a callback; nothing here does I/O.  Profiles and tables of
 * this header, and sentences that say why, are one cdp_free() each.  What writes a report returns
 * 0, CDP_ENOMEM, CDP_EINVAL where a text in it is no UTF-8, or what the callback returned.
 *
 * The files that DevTools reads need no report: .cpuprofile is cdp_profiler_profile_to_json(),
 * .heapprofile cdp_heap_profiler_sampling_heap_profile_to_json(), and what NODE_V8_COVERAGE writes
 * is cdp_profiler_take_precise_coverage_result_to_json().  Structs of domains are in their headers.
 */
#ifndef CDP_REPORT_H
#define CDP_REPORT_H

#include <cdp/forward.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Takes the next bytes of a report.  0, or CDP_E*, which ends the report and is returned by it. */
typedef int cdp_report_write(void *data, const char *bytes, size_t len);

/* ---- CPU and heap profiles ---------------------------------------------------- */

/* What a profile does not say of itself. */
typedef struct cdp_report_options {
    const cdp_allocator *allocator; /* NULL: realloc and free */
    /* When it began, in seconds since 1970 (its own clock is monotonic); 0: left out. */
    double wall_time;
    /* What the sampler was told: microseconds, or bytes; 0: CPU time as measured, V8's 32 KiB. */
    double interval;
    const char *title; /* of the flame graph; NULL: "CPU profile", "Heap profile" */
    bool idle;         /* counts "(idle)", which is no CPU time, as well */
} cdp_report_options;

/* A profile, of CPU time or of the heap, as stacks with weights.  Each sample of a CPU profile is
 * worth the time until the next one. */
typedef struct cdp_report_profile cdp_report_profile;

/* What is given must live as long as the report profile does; opt may be NULL.  CDP_EINVAL: it is
 * no tree of nodes, or samples of CPU time are not of its nodes: *why (may be NULL) then says where
 * ("samples.17: no node has the id 5").  V8's heap profiles have such samples; they do not count.
 */
int cdp_report_cpu(cdp_report_profile **out, const cdp_profiler_profile *profile,
                   const cdp_report_options *opt, cdp_str **why);
int cdp_report_heap(cdp_report_profile **out,
                    const cdp_heap_profiler_sampling_heap_profile *profile,
                    const cdp_report_options *opt, cdp_str **why);

/* Whether a CPU profile keeps all of V8's promises: what cdp_report_cpu() needs, and that the time
 * between its samples adds up to that between its start and end, within 1 %, an interval, or 0.1 s
 * (the last sample of a busy machine comes early). */
int cdp_report_check_profile(const cdp_profiler_profile *profile, cdp_str **why);

/* pprof's profile.proto, gzipped (stored, not compressed).  CPU: samples/count, cpu/nanoseconds;
 * heap: samples/count (objects that were sampled), space/bytes. */
int cdp_report_pprof(const cdp_report_profile *p, cdp_report_write *write, void *data);

/* A line for each stack, "outer;inner 12": microseconds, or bytes. */
int cdp_report_collapsed(const cdp_report_profile *p, cdp_report_write *write, void *data);

/* A flame graph: one HTML page that loads nothing. */
int cdp_report_flame(const cdp_report_profile *p, cdp_report_write *write, void *data);

/* A function, wherever it was called from. */
typedef struct cdp_report_row {
    cdp_str function_name; /* "(anonymous)" if it has none */
    cdp_str url;           /* may be empty */
    int32_t line, column;  /* where it begins, from 1; 0: not known */
    double self;           /* its own; microseconds, or bytes */
    double total;          /* with what it called; recursion counts once */
    double self_share;     /* of the whole profile: 0 to 1 */
    double total_share;
    int64_t hits; /* samples that it was on top of */
} cdp_report_row;

typedef struct cdp_report_table {
    CDP_LIST(cdp_report_row) rows; /* the largest self first */
    double total;
    int64_t hits;
} cdp_report_table;

int cdp_report_top(cdp_report_table **out, const cdp_report_profile *p);

/* ---- coverage ----------------------------------------------------------------- */

/* The source text of a script, which must stay until the next call or the end of the report.
 * CDP_FALLTHROUGH: the script is left out; CDP_E*: ends the report. */
typedef int cdp_report_source(void *data, const cdp_profiler_script_coverage *script,
                              cdp_str *source);

typedef struct cdp_report_lcov_options {
    const cdp_allocator *allocator; /* NULL: realloc and free */
    cdp_report_source *source;      /* required */
    void *data;
} cdp_report_lcov_options;

/* lcov's trace file, of precise or best-effort coverage.  A line that is not blank counts as often
 * as the innermost range does that holds all of its text; blocks are branches.  file: URLs become
 * paths; scripts without URL are left out. */
int cdp_report_lcov(const cdp_profiler_script_coverage *scripts, size_t n,
                    const cdp_report_lcov_options *opt, cdp_report_write *write, void *data);

/* ---- network events as HAR 1.2 ------------------------------------------------ */

/* A recorder of requests. */
typedef struct cdp_har cdp_har;

typedef struct cdp_har_options {
    const cdp_allocator *allocator; /* NULL: realloc and free */
    const char *browser;            /* "Chrome/156.0...": name and version; NULL: left out */
    size_t max_body; /* cdp_har_watch() asks for bodies of at most so many bytes; 0: for none */
} cdp_har_options;

/* opt may be NULL.  CDP_ENOMEM. */
int cdp_har_new(cdp_har **out, const cdp_har_options *opt);
void cdp_har_free(cdp_har *har); /* NULL is fine; before the sessions it watches are closed */

/* Subscribes to a session's events; Network (and Page, for the times of pages) are the caller's to
 * enable.  Any number of sessions may be watched.  CDP_ENOMEM. */
int cdp_har_watch(cdp_har *har, cdp_session *s);
/* No more events of s; bodies that were asked for do not come.  Before s is closed. */
void cdp_har_unwatch(cdp_har *har, cdp_session *s);

/* Bodies that have been asked for and have not come. */
size_t cdp_har_pending(const cdp_har *har);

/* The same by hand.  Events are kept (cdp_keep()), so they must be what a callback was given, or
 * one's own by _take() or _from_json().  CDP_ENOMEM. */
int cdp_har_request(cdp_har *har, const cdp_network_request_will_be_sent_event *ev);
int cdp_har_request_extra(cdp_har *har,
                          const cdp_network_request_will_be_sent_extra_info_event *ev);
int cdp_har_served_from_cache(cdp_har *har, const cdp_network_request_served_from_cache_event *ev);
int cdp_har_response(cdp_har *har, const cdp_network_response_received_event *ev);
int cdp_har_response_extra(cdp_har *har, const cdp_network_response_received_extra_info_event *ev);
int cdp_har_data(cdp_har *har, const cdp_network_data_received_event *ev);
int cdp_har_finished(cdp_har *har, const cdp_network_loading_finished_event *ev);
int cdp_har_failed(cdp_har *har, const cdp_network_loading_failed_event *ev);
int cdp_har_socket_created(cdp_har *har, const cdp_network_web_socket_created_event *ev);
int cdp_har_socket_request(cdp_har *har,
                           const cdp_network_web_socket_will_send_handshake_request_event *ev);
int cdp_har_socket_response(cdp_har *har,
                            const cdp_network_web_socket_handshake_response_received_event *ev);
int cdp_har_socket_sent(cdp_har *har, const cdp_network_web_socket_frame_sent_event *ev);
int cdp_har_socket_received(cdp_har *har, const cdp_network_web_socket_frame_received_event *ev);
int cdp_har_socket_closed(cdp_har *har, const cdp_network_web_socket_closed_event *ev);
int cdp_har_content_loaded(cdp_har *har, const cdp_page_dom_content_event_fired_event *ev);
int cdp_har_loaded(cdp_har *har, const cdp_page_load_event_fired_event *ev);
/* The body of a response, which is kept.  CDP_EINVAL: no such request. */
int cdp_har_body(cdp_har *har, cdp_str request_id,
                 const cdp_network_get_response_body_result *body);

/* All that is known now, requests that are under way or failed included. */
int cdp_har_save(const cdp_har *har, cdp_report_write *write, void *data);

/* ---- heap snapshots ----------------------------------------------------------- */

/* Checks a heap snapshot as it streams by (HeapProfiler.addHeapSnapshotChunk), in constant memory:
 * that it is whole, and that the numbers in it agree. */
typedef struct cdp_report_snapshot cdp_report_snapshot;

typedef struct cdp_report_snapshot_counts {
    uint64_t bytes, nodes, edges, strings;
    uint64_t self_size; /* of all nodes, bytes */
} cdp_report_snapshot_counts;

/* NULL: realloc and free.  CDP_ENOMEM. */
int cdp_report_snapshot_new(cdp_report_snapshot **out, const cdp_allocator *allocator);
void cdp_report_snapshot_free(cdp_report_snapshot *s); /* NULL is fine */

/* CDP_EINVAL, from then on: it is no snapshot. */
int cdp_report_snapshot_feed(cdp_report_snapshot *s, const char *bytes, size_t len);
/* After the last chunk.  *counts (may be NULL): what was found, also on failure. */
int cdp_report_snapshot_end(cdp_report_snapshot *s, cdp_report_snapshot_counts *counts);
/* Why it is none: "edges: to_node 14 is no node, at byte 5120"; empty unless one of them failed. */
cdp_str cdp_report_snapshot_why(const cdp_report_snapshot *s);

#ifdef __cplusplus
}
#endif

#endif /* CDP_REPORT_H */
