// remote_client.js - the contestants of bench_remote.c in JavaScript, as remote_client.h says:
//
//     node remote_client.js chrome-remote-interface|puppeteer-core
//
// Each calls as its users do.  Of puppeteer it is the Connection and its sessions, which all of
// its calls go through: `connect` of the package itself takes nothing but browsers.
'use strict';

const childProcess = require('child_process');
const fs = require('fs');
const readline = require('readline');

const WINDOW = 64;

// What is called: evaluate(params), version(), onChunk(callback), takeSnapshot().
let client;

const contestants = {
    'chrome-remote-interface': async (url, id) => {
        const root = await require('chrome-remote-interface')({ target: url, local: true });
        if (!id)
            return {
                evaluate: (params) => root.Runtime.evaluate(params),
                version: () => root.Browser.getVersion(),
                onChunk: (callback) => root.HeapProfiler.addHeapSnapshotChunk(callback),
                takeSnapshot: () => root.HeapProfiler.takeHeapSnapshot(),
            };
        const { sessionId } = await root.Target.attachToTarget({ targetId: id, flatten: true });
        return {
            evaluate: (params) => root.Runtime.evaluate(params, sessionId),
            version: () => root.Browser.getVersion(),
        };
    },

    'puppeteer-core': async (url, id) => {
        const { NodeWebSocketTransport } =
            require('puppeteer-core/internal/node/NodeWebSocketTransport.js');
        return ofConnection(connection(url, await NodeWebSocketTransport.create(url)), id);
    },
};

function connection(url, transport)
{
    const { Connection } = require('puppeteer-core/internal/cdp/Connection.js');
    return new Connection(url, transport);
}

async function ofConnection(root, id)
{
    const session = id ? await root.createSession({ targetId: id, type: 'page' }) : root;
    return {
        evaluate: (params) => session.send('Runtime.evaluate', params),
        version: () => root.send('Browser.getVersion'),
        onChunk: (callback) => session.on('HeapProfiler.addHeapSnapshotChunk', callback),
        takeSnapshot: () => session.send('HeapProfiler.takeHeapSnapshot'),
    };
}

// Only puppeteer-core has pipes.  Chromium ends with ours.
async function byPipe(words)
{
    const { PipeTransport } = require('puppeteer-core/internal/node/PipeTransport.js');
    const profile = words.pop();
    const { stdio } = childProcess.spawn(
        words[0],
        [...words.slice(1), '--remote-debugging-pipe', `--user-data-dir=${profile}`],
        { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    const root = connection('', new PipeTransport(stdio[3], stdio[4]));
    const { targetId } = await root.send('Target.createTarget', { url: 'about:blank' });
    return ofConnection(root, targetId);
}

const evaluate = () => client.evaluate({ expression: '1 + 1' });
const version = () => client.version();

// The median of the times of n round trips.
async function trips(call, n)
{
    const took = new Float64Array(n);
    for (let i = 0; i < n; i++) {
        const before = performance.now();
        await call();
        took[i] = performance.now() - before;
    }
    took.sort();
    return { ns: took[n >> 1] * 1e6, units: n };
}

async function pipelined(call, n)
{
    let left = n;
    const next = async () => {
        while (left-- > 0)
            await call();
    };
    await Promise.all(Array.from({ length: WINDOW }, next));
    return { units: n };
}

async function text(n)
{
    const { result } =
        await client.evaluate({ expression: `'x'.repeat(${n})`, returnByValue: true });
    return { units: result.value.length };
}

let file, written;

async function snapshot(path)
{
    if (!file)
        client.onChunk(({ chunk }) => {
            written += fs.writeSync(file, chunk);
        });
    file = fs.openSync(path, 'w');
    written = 0;
    await client.takeSnapshot();
    fs.closeSync(file);
    return { units: written };
}

const CROWD = 1000;
const AT_ONCE = 50; // that connect
const crowd = [];

async function sessions(url)
{
    let left = CROWD;
    const join = async () => {
        while (left-- > 0) {
            const one = await contestants[process.argv[2]](url);
            crowd.push(one);
            await one.evaluate({ expression: '1 + 1' });
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, join));
    return { units: CROWD };
}

async function each(n)
{
    await Promise.all(crowd.map(async (one) => {
        for (let i = 0; i < n; i++)
            await one.evaluate({ expression: '1 + 1' });
    }));
    return { units: n * CROWD };
}

const orders = {
    async connect(argument) {
        client = await contestants[process.argv[2]](...argument.split(' '));
        return { units: 1 };
    },
    async launch(argument) {
        client = await byPipe(argument.split(' '));
        return { units: 1 };
    },
    evaluate: (n) => trips(evaluate, +n),
    evaluates: (n) => pipelined(evaluate, +n),
    version: (n) => trips(version, +n),
    versions: (n) => pipelined(version, +n),
    text: (n) => text(+n),
    snapshot,
    sessions,
    each: (n) => each(+n),
};

async function main()
{
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const [what] = line.split(' ', 1);
        const before = performance.now();
        const { ns, units } = await orders[what](line.slice(what.length + 1));
        console.log(ns ?? (performance.now() - before) * 1e6, units);
    }
    process.exit(0);
}

main();
