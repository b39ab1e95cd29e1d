// chrome-remote-interface against scripts/steps.js, which waits for it.
const assert = require('node:assert');
const CDP = require('chrome-remote-interface');
const run = require('./cases.js');

run({
    async breaksOnStart({ url }) {
        const { Debugger, Runtime } = await CDP({ target: url, local: true });
        const urls = new Map();
        Debugger.scriptParsed(({ scriptId, url }) => urls.set(scriptId, url));
        await Promise.all([Debugger.enable(), Runtime.enable()]);
        const [{ reason, callFrames }] =
            await Promise.all([Debugger.paused(), Runtime.runIfWaitingForDebugger()]);
        assert.strictEqual(reason, 'Break on start');
        const { scriptId, lineNumber } = callFrames[0].location;
        assert.match(urls.get(scriptId), /^file:\/\/\/.*\/steps\.js$/);
        assert.strictEqual(lineNumber, 15);
        const end = Runtime.executionContextDestroyed();
        const [{ args }] = await Promise.all([Runtime.consoleAPICalled(), Debugger.resume()]);
        assert.deepStrictEqual(args.map(({ value }) => value), ['total', 6]);
        await end;
    },

    async waits({ url, node }) {
        const { NodeRuntime, Debugger, Runtime } = await CDP({ port: new URL(url).port });
        await Promise.all([Runtime.enable(), Debugger.enable()]);
        // The program has not begun: a breakpoint is set in time.
        await Debugger.setBreakpointByUrl({ urlRegex: '.*/steps\\.js$', lineNumber: 3 });
        await NodeRuntime.notifyWhenWaitingForDisconnect({ enabled: true });
        const [{ hitBreakpoints }] =
            await Promise.all([Debugger.paused(), Runtime.runIfWaitingForDebugger()]);
        assert.strictEqual(hitBreakpoints.length, 1);
        await Promise.all([NodeRuntime.waitingForDisconnect(), Debugger.disable()]);
        if (!node) { // Node 20 runs nothing any more: "illegal access"
            assert.strictEqual((await Runtime.evaluate({ expression: '6 * 7' })).result.value, 42);
        }
    },
});
