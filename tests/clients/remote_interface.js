// chrome-remote-interface, as programs use it, against scripts/service.js.
const assert = require('node:assert');
const { once } = require('node:events');
const CDP = require('chrome-remote-interface');
const run = require('./cases.js');

// A connection by URL, with the protocol that the package brings along.
const connect = ({ url }) => CDP({ target: url, local: true });

const evaluate = async (client, expression, more) => {
    const { result, exceptionDetails } = await client.Runtime.evaluate({ expression, ...more });
    assert.strictEqual(exceptionDetails, undefined);
    return result;
};

// Line 3 of the script, in square(), counted from 0.
const inSquare = { urlRegex: '.*/service\\.js$', lineNumber: 2 };

// Has the program call serve() on its own, so that a pause holds up nobody's command.
const serveLater = (client, n) => evaluate(client, `void setTimeout(serve, 0, ${n})`);

run({
    async lists({ port, url }) {
        const targets = await CDP.List({ port });
        assert.strictEqual(targets.length, 1);
        assert.strictEqual(targets[0].type, 'node');
        assert.strictEqual(targets[0].webSocketDebuggerUrl, url);
        assert.ok(url.endsWith(`/${targets[0].id}`));
        assert.match(targets[0].title, /service\.js$/);
        assert.match(targets[0].url, /^file:\/\/\/.*\/service\.js$/);
        assert.match(targets[0].devtoolsFrontendUrl, /^devtools:\/\/devtools\/.*ws=/);
        const version = await CDP.Version({ port });
        assert.match(version.Browser, /^\S+\/v?\d+\.\d+/);
        assert.match(version['Protocol-Version'], /^1\.\d$/);
    },

    // These are Chrome's alone: "WebSockets request was expected".
    async refusesWhatIsChromes({ port, url }) {
        const id = new URL(url).pathname.slice(1);
        await assert.rejects(CDP.New({ port }));
        await assert.rejects(CDP.Activate({ port, id }));
        await assert.rejects(CDP.Close({ port, id }));
        assert.strictEqual((await CDP.List({ port })).length, 1);
    },

    async describesItself({ port, node }) {
        const { domains } = await CDP.Protocol({ port });
        const named = (name) => domains.find(({ domain }) => domain === name);
        for (const name of ['Debugger', 'HeapProfiler', 'Profiler', 'Runtime', 'Schema']) {
            assert.ok(named(name), name);
        }
        assert.ok(named('Runtime').commands.some(({ name }) => name === 'evaluate'));
        // Node lists domains that it has not mounted; here what is listed is there.
        if (!node) {
            const client = await CDP({ port });
            for (const { domain, commands } of domains) {
                for (const { name } of commands) {
                    assert.strictEqual(typeof client[domain][name], 'function');
                }
            }
        }
    },

    async connects({ port, url }) {
        const [target] = await CDP.List({ port });
        const ways = [{ port }, { port, target: target.id }, { port, target: 0 }, { target: url },
                      { port, target: (all) => all.find(({ type }) => type === 'node') }, { target }];
        for (const local of [false, true]) {
            for (const way of ways) {
                const client = await CDP({ ...way, local });
                assert.strictEqual((await evaluate(client, 'menu.length')).value, 1000);
                await client.close();
            }
        }
    },

    async evaluates(options) {
        const client = await connect(options);
        const value = async (expression, more) => (await evaluate(client, expression, more)).value;
        assert.strictEqual(await value('serve(3)'), 14);
        assert.deepStrictEqual(await value('({ a: [1, null, "x"] })', { returnByValue: true }),
                               { a: [1, null, 'x'] });
        const later = 'new Promise(done => setTimeout(done, 10, "later"))';
        assert.strictEqual(await value(later, { awaitPromise: true }), 'later');
        assert.strictEqual((await evaluate(client, later)).subtype, 'promise');
        for (const special of ['NaN', '-0', 'Infinity', '12345678901234567890n']) {
            assert.strictEqual((await evaluate(client, special)).unserializableValue, special);
        }
        const text = '"\\ud83d\\ude00 \\u00e9 \\ud800 \\0"';
        assert.strictEqual(await value(text), '\u{1f600} \u00e9 \ud800 \0');
        const { preview } = await evaluate(client, '({ a: 1, b: [2] })', { generatePreview: true });
        assert.deepStrictEqual(preview.properties.map(({ name, value }) => [name, value]),
                               [['a', '1'], ['b', 'Array(1)']]);
    },

    // What DevTools does as one types: a preview that must not change anything, then the real thing.
    // The second must not run inside the first.
    async evaluatesOneAfterTheOther(options) {
        const client = await connect(options);
        const sum = '(() => { let sum = 0; for (let i = 0; i < 2e7; i++) sum += i % 3; return sum; })()';
        const [preview, real, refused] = await Promise.all([
            evaluate(client, sum, { throwOnSideEffect: true, timeout: 10000 }),
            evaluate(client, 'globalThis.written = serve(3)'),
            client.Runtime.evaluate({ expression: 'written = 1', throwOnSideEffect: true }),
        ]);
        assert.strictEqual(preview.value, 19999999);
        assert.strictEqual(real.value, 14);
        assert.strictEqual(refused.result.className, 'EvalError');
        assert.strictEqual((await evaluate(client, 'written')).value, 14);
    },

    async reportsExceptions(options) {
        const client = await connect(options);
        const exception = async (expression, more) =>
            (await client.Runtime.evaluate({ expression, ...more })).exceptionDetails.exception;
        const thrown = await exception('(function inner() { throw new RangeError("far") })()');
        assert.strictEqual(thrown.className, 'RangeError');
        assert.match(thrown.description, /^RangeError: far\n {4}at inner/);
        assert.strictEqual((await exception('1 +')).className, 'SyntaxError');
        assert.strictEqual((await exception('Promise.reject(7)', { awaitPromise: true })).value, 7);
    },

    async repliesWithErrors(options) {
        const client = await connect(options);
        const failure = (method, params) =>
            client.send(method, params).then(assert.fail, ({ response }) => response);
        assert.deepStrictEqual(await failure('Runtime.fly', {}),
                               { code: -32601, message: "'Runtime.fly' wasn't found" });
        const invalid = await failure('Runtime.evaluate', { expression: 7 });
        assert.strictEqual(invalid.code, -32602);
        assert.strictEqual(invalid.message, 'Invalid parameters');
        assert.match(invalid.data, /params\.expression.* string value expected/);
        assert.strictEqual((await failure('Debugger.resume', {})).code, -32000);
        assert.strictEqual((await evaluate(client, '1')).value, 1);
    },

    async breaks(options) {
        const client = await connect(options);
        const { Debugger, Runtime } = client;
        await Debugger.enable();
        const { breakpointId, locations } = await Debugger.setBreakpointByUrl(inSquare);
        assert.deepStrictEqual(locations.map((at) => at.lineNumber), [2]);
        let paused = Debugger.paused();
        await serveLater(client, 3);
        for (const n of [1, 2, 3]) {
            const { callFrames, hitBreakpoints } = await paused;
            assert.deepStrictEqual(hitBreakpoints, [breakpointId]);
            assert.strictEqual(callFrames[1].functionName, 'serve');
            const { functionName, callFrameId, scopeChain } = callFrames[0];
            assert.strictEqual(functionName, 'square');
            const on = await Debugger.evaluateOnCallFrame({ callFrameId, expression: 'n * 100' });
            assert.strictEqual(on.result.value, n * 100);
            assert.strictEqual(scopeChain[0].type, 'local');
            const { objectId } = scopeChain[0].object;
            const { result } = await Runtime.getProperties({ objectId });
            const local = Object.fromEntries(result.map(({ name, value }) => [name, value.value]));
            assert.deepStrictEqual(local, { n, result: undefined });
            paused = Debugger.paused();
            await Promise.all([Debugger.resumed(), Debugger.resume()]);
        }
        await Debugger.removeBreakpoint({ breakpointId });
        assert.strictEqual((await evaluate(client, 'serve(3)')).value, 14);
    },

    async steps(options) {
        const client = await connect(options);
        const { Debugger } = client;
        await Debugger.enable();
        await Debugger.setBreakpointByUrl(inSquare);
        const paused = async (action) => {
            const [{ callFrames: [top] }] = await Promise.all([Debugger.paused(), action]);
            return `${top.functionName}:${top.location.lineNumber + 1}`;
        };
        assert.strictEqual(await paused(serveLater(client, 1)), 'square:3');
        assert.strictEqual(await paused(Debugger.stepOver()), 'square:4');
        assert.match(await paused(Debugger.stepOut()), /^serve:(9|10)$/);
        assert.match(await paused(Debugger.stepInto()), /^serve:9$/);
        assert.strictEqual(await paused(Debugger.stepOver()), 'serve:12');
        await Debugger.resume();
    },

    // All clients see a pause, evaluate during it, and any of them ends it.
    async pausesForAll(options) {
        const [first, second] = await Promise.all([connect(options), connect(options)]);
        await Promise.all([first.Debugger.enable(), second.Debugger.enable()]);
        await second.Runtime.enable();
        const both = Promise.all([first.Debugger.paused(), second.Debugger.paused()]);
        await evaluate(first, 'void setTimeout(() => { debugger; console.log("after") }, 0)');
        await both;
        assert.strictEqual((await evaluate(second, 'menu.length')).value, 1000);
        const resumed = Promise.all([first.Debugger.resumed(), second.Runtime.consoleAPICalled()]);
        await second.Debugger.resume();
        assert.strictEqual((await resumed)[1].args[0].value, 'after');
    },

    async profiles(options) {
        const { Profiler, Runtime } = await connect(options);
        await Profiler.enable();
        await Profiler.setSamplingInterval({ interval: 100 });
        await Profiler.start();
        await Runtime.evaluate({ expression: 'knead(100)' });
        const { profile } = await Profiler.stop();
        const ids = new Set(profile.nodes.map(({ id }) => id));
        assert.ok(profile.nodes.some(({ callFrame }) => callFrame.functionName === 'knead'));
        assert.ok(profile.samples.length > 0 && profile.samples.every((id) => ids.has(id)));
        assert.strictEqual(profile.samples.length, profile.timeDeltas.length);
        await assert.rejects(Profiler.stop(), ({ response }) => response.code === -32000);
    },

    async snapshots(options) {
        const { HeapProfiler } = await connect(options);
        const chunks = [];
        let replied = false;
        HeapProfiler.addHeapSnapshotChunk(({ chunk }) => {
            assert.ok(!replied, 'a chunk after the reply');
            chunks.push(chunk);
        });
        let progress;
        HeapProfiler.reportHeapSnapshotProgress((event) => (progress = event));
        await HeapProfiler.takeHeapSnapshot({ reportProgress: true });
        replied = true;
        assert.ok(progress.finished);
        const { snapshot, nodes, edges, strings } = JSON.parse(chunks.join(''));
        assert.strictEqual(nodes.length, snapshot.node_count * snapshot.meta.node_fields.length);
        assert.strictEqual(edges.length, snapshot.edge_count * snapshot.meta.edge_fields.length);
        assert.ok(strings.includes('Sandwich'));
    },

    async hearsTheConsole(options) {
        const client = await connect(options);
        await evaluate(client, 'console.warn("before", 1)');
        const heard = [];
        client.Runtime.consoleAPICalled(({ type, args }) =>
            heard.push([type, ...args.map(({ value, preview }) => value ?? preview.description)]));
        await client.Runtime.enable(); // stored messages come before the reply
        assert.deepStrictEqual(heard, [['log', 'ready'], ['warning', 'before', 1]]);
        await evaluate(client, 'serve(2); console.error([1, 2])');
        assert.deepStrictEqual(heard.slice(2),
                               [['log', 'served', 'Object'], ['error', 'Array(2)']]);
    },

    async knowsItsClientsApart(options) {
        const clients = await Promise.all(Array.from({ length: 8 }, () => connect(options)));
        const heard = clients.map(() => 0);
        clients.forEach((client, i) => client.on('event', () => heard[i]++));
        await clients[0].Runtime.enable();
        await Promise.all(clients.map(async (client, i) => {
            for (let n = 0; n < 50; n++) {
                const { value } = await evaluate(client, `${i} * 1000 + ${n}`);
                assert.strictEqual(value, i * 1000 + n);
            }
        }));
        await evaluate(clients[1], 'console.log("one")');
        assert.ok(heard[0] > 0);
        assert.deepStrictEqual(heard.slice(1), clients.slice(1).map(() => 0));
        await clients[0].close();
        assert.strictEqual((await evaluate(clients[7], '7')).value, 7);
    },

    async carriesLargeMessages(options) {
        const client = await connect(options);
        const text = '0123456789abcde\u00e9'.repeat(300000);
        assert.strictEqual((await evaluate(client, JSON.stringify(text))).value, text);
    },

    // Node sends an empty message instead, which the package does not bear.
    async repliesWithDeepValues({ url, node }) {
        const client = await connect({ url });
        const expression = 'let v = 1; for (let i = 0; i < 500; i++) v = [v]; v';
        const deep = evaluate(client, expression, { returnByValue: true });
        if (node) {
            const [error] = await once(process, 'uncaughtException');
            assert.match(error.message, /Unexpected end of JSON input/);
        } else {
            assert.deepStrictEqual((await deep).value.flat(Infinity), [1]);
        }
    },
});
