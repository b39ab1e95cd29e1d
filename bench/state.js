// state.js - the JavaScript that both sides of bench_v8.c run, so that V8 has the same to report.
'use strict';

var state = (function () {
    const state = { kept: [] };
    let seed = 1;

    function random(n)
    {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        return (seed >>> 16) % n;
    }

    // ---- values

    state.text = 'The quick brown fox jumps over the lazy dog, again. '.repeat(200).slice(0, 10240);
    state.wide = {};
    for (let i = 0; i < 100; i++)
        state.wide['property' + i] = i % 4 === 0 ? i * 1.5 : i % 4 === 1 ? 'text ' + i : i % 4 === 2 ? { i } : [i];

    // ---- many scripts

    state.makeScripts = function (n) {
        while (state.kept.length < n) {
            const i = state.kept.length;
            state.kept.push((0, eval)(`(function f${i}() { return ${i}; })\n//# sourceURL=folder/script${i}.js`));
        }
        return n;
    };

    // ---- a deep and wide call tree: every walk takes another path through these

    const steps = [];
    for (let i = 0; i < 8; i++)
        steps.push((0, eval)(`(function step${i}(steps, random, depth, leaf) {
            return depth === 0 ? leaf() : steps[random(8)](steps, random, depth - 1, leaf);
        })\n//# sourceURL=steps.js`));

    function walk(n, depth, leaf)
    {
        for (let i = 0; i < n; i++)
            steps[random(8)](steps, random, depth, leaf);
    }

    state.burn = function (n) {
        seed = 1;
        let sum = 0;
        walk(n, 40, function busy() {
            for (let i = 0; i < 60000; i++)
                sum += i % 7;
        });
        return sum > 0;
    };

    state.allocate = function (n) {
        seed = 1;
        state.allocated = [];
        walk(n, 40, function allocate() { state.allocated.push(new Array(1000).fill(0)); });
        return n;
    };

    // ---- a heap of many objects and few strings

    state.fill = function (n) {
        let list = null;
        for (let i = 0; i < n; i++)
            list = { next: list, number: i, pair: [i, list] };
        state.list = list;
        return n;
    };

    state.clear = function () {
        state.kept = [];
        state.list = state.allocated = null;
        return true;
    };

    return state;
})();
