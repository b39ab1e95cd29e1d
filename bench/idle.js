// idle.js - what the targets of bench_server.c run: they stay, and wait for commands.
setInterval(() => {}, 1 << 30);
