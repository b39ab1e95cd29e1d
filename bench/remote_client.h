/*
 * remote_client.h - the contestants of bench_remote.c in C: programs that a worker runs.
 */
#ifndef BENCH_REMOTE_CLIENT_H
#define BENCH_REMOTE_CLIENT_H

/* Reads lines from stdin and answers each with "NS UNITS" (worker.h); as remote_client.js, which
 * has the others:
 *
 *     connect URL [ID]   by WebSocket, and to a target of it in a flat session
 *     launch WORD...     Chromium by pipe, and to a page in a flat session; the last word is the
 *                        profile's folder
 *     evaluate N         round trips, one after the other: the median of their times, N
 *     evaluates N        as many, 64 in flight: the time of all, N
 *     version N, versions N   the same of Browser.getVersion
 *     text N             a reply with a text of so many bytes
 *     snapshot FILE      of the heap: its bytes
 *     sessions URL       1,000, each connected on its own, and a call on each: how many
 *     each N             N calls on each of them, all at the same time: the time of all
 *
 * kind: "floor" or "cdpkit". */
int remote_client_serve(const char *kind);

#endif /* BENCH_REMOTE_CLIENT_H */
