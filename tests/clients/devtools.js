// Chromium's own DevTools front-end, panel by panel.
const CDP = require('chrome-remote-interface');
const open = require('./page.js');
const run = require('./cases.js');

const TAB = '[role=tab]';
const MESSAGE = '.console-message-wrapper';

run({
    async console(options) {
        await open(options, async ({ see, click, type }) => {
            await click(TAB, /^Console/);
            await see(MESSAGE, /^service\.js:24 ready$/);
            await click('[role=textbox]', /Console prompt/);
            await type('serve(3)');
            await see(MESSAGE, /^service\.js:12 served .*n : 3 .*sum : 14/);
            await see(MESSAGE, /^14$/);
            await type('nowhere');
            await see(MESSAGE, /Uncaught ReferenceError: nowhere is not defined/);
        });
    },

    // scripts/steps.js, which waits for a debugger.
    async sources(options) {
        await open(options, async ({ see, click, press }) => {
            await see('[role=alert], .paused-status', /Debugger paused/);
            await see('.cm-line', /const sum = a \+ b/);
            await click('.cm-lineNumbers .cm-gutterElement', /^4$/);
            await see('.cm-breakpoint', /^4$/);
            await press('F8', 119);
            await see('.paused-status', /Paused on breakpoint/);
            await see('.call-frame-item', /add steps\.js:4/);
            await see('[role=treeitem]', /sum : 1/);
        });
    },

    async memory(options) {
        await open(options, async ({ see, click }) => {
            await click(TAB, /^Memory/);
            await click('devtools-button:not([disabled])', /Take snapshot/);
            await see('tr', /^Sandwich × 1,000 /);
        });
    },

    async network(options) {
        await open(options, async ({ see, click }) => {
            await click(TAB, /^Network/);
            await see('body', /Currently recording network activity/);
            const { Runtime } = await CDP({ target: options.url, local: true });
            for (const expression of [
                'fetchNothing("1", "http://a.example/menu.txt", 200, "OK")',
                'fetchNothing("2", "http://a.example/nothing", 404, "Not Found")',
                'fetchInVain("3", "http://b.example/order")',
            ]) {
                await Runtime.evaluate({ expression });
            }
            await see('tr', /menu\.txt .*200/);
            await see('tr', /nothing .*404/);
            await see('tr', /order .*failed/);
            await see('body', /3 requests/);
        });
    },
});
