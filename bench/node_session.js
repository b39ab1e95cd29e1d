// node_session.js - the contestant of bench_v8.c in Node: inspector.Session.
//
// Reads lines from stdin: "eval EXPRESSION", or "CASE N" to do a case N times.  Answers each with
// "NS UNITS": the CPU time of this thread that it took, and how many units (calls, scripts, nodes,
// characters) came of it.  CASEs are those of bench_v8.c.
'use strict';

const fs = require('fs');
const inspector = require('inspector');
const vm = require('vm');

const session = new inspector.Session();
session.connect();

let error, result;

function done(e, r)
{
    error = e;
    result = r;
}

function post(method, params)
{
    session.post(method, params, done);
    if (error)
        throw new Error(`${method}: ${error.message}`);
    return result;
}

// CPU time of this thread in ns.  Linux brings its count up to date when a thread sleeps.
const nap = new Int32Array(new SharedArrayBuffer(4));

function now()
{
    Atomics.wait(nap, 0, 0, 1);
    try {
        return Number(fs.readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]);
    } catch {
        const t = process.cpuUsage(); // of all threads
        return (t.user + t.system) * 1000;
    }
}

function calls(n, method, params)
{
    for (let i = 0; i < n / 5; i++)
        post(method, params);
    const start = now();
    for (let i = 0; i < n; i++)
        post(method, params);
    return [now() - start, n];
}

function evaluation(expression, more)
{
    return n => calls(n, 'Runtime.evaluate', { expression, ...more });
}

let wide;

function properties(n)
{
    wide = wide || post('Runtime.evaluate', { expression: 'state.wide' }).result.objectId;
    return calls(n, 'Runtime.getProperties', { objectId: wide, ownProperties: true });
}

function scripts()
{
    let n = 0;
    const count = () => n++;
    session.on('Debugger.scriptParsed', count);
    const start = now();
    post('Debugger.enable');
    const ns = now() - start;
    post('Debugger.disable');
    session.off('Debugger.scriptParsed', count);
    return [ns, n];
}

function profile()
{
    post('Profiler.enable');
    post('Profiler.setSamplingInterval', { interval: 200 });
    post('Profiler.start');
    vm.runInThisContext('state.burn(2500)');
    const start = now();
    const nodes = post('Profiler.stop').profile.nodes;
    return [now() - start, nodes.length];
}

let sampling = false;

function samples()
{
    const size = node => node.children.reduce((sum, child) => sum + size(child), 1);

    if (!sampling) {
        post('HeapProfiler.startSampling', { samplingInterval: 2048 });
        vm.runInThisContext('state.allocate(800)');
        sampling = true;
    }
    const start = now();
    const head = post('HeapProfiler.getSamplingProfile').profile.head;
    return [now() - start, size(head)];
}

// From the first chunk on: before it V8 is busy by itself.
function snapshot()
{
    let start = 0, characters = 0;
    const chunk = m => {
        start = start || now();
        characters += m.params.chunk.length;
    };
    session.on('HeapProfiler.addHeapSnapshotChunk', chunk);
    post('HeapProfiler.takeHeapSnapshot');
    session.off('HeapProfiler.addHeapSnapshotChunk', chunk);
    return [now() - start, characters];
}

const cases = {
    enable: n => calls(n, 'Profiler.enable'),
    evaluate: evaluation('2 + 2'),
    options: evaluation('2 + 2', {
        objectGroup: 'group', includeCommandLineAPI: false, silent: true, returnByValue: true, generatePreview: false }),
    string: evaluation('state.text'),
    properties, scripts, profile, samples, snapshot,
};

// ---- stdin

const bytes = Buffer.alloc(4096);
let text = '';

vm.runInThisContext(fs.readFileSync(process.argv[2], 'utf8'), { filename: process.argv[2] });
for (let n; (n = fs.readSync(0, bytes)) > 0;) {
    text += bytes.toString('utf8', 0, n);
    for (let end; (end = text.indexOf('\n')) >= 0; text = text.slice(end + 1)) {
        const [, name, rest] = /^(\w+) (.*)$/.exec(text.slice(0, end));
        if (name === 'eval')
            vm.runInThisContext(rest);
        const [ns, units] = name === 'eval' ? [0, 0] : cases[name](Number(rest));
        fs.writeSync(1, `${ns} ${units}\n`);
    }
}
