// Chromium's own DevTools front-end, panel by panel.
const CDP = require('chrome-remote-interface');
const open = require('./page.js');
const run = require('./cases.js');

const MESSAGE = '.console-message-wrapper';

// By another client, for what a program would do on its own.
const evaluate = async ({ url }, expression) => {
    const { Runtime } = await CDP({ target: url, local: true });
    await Runtime.evaluate({ expression });
};

run({
    async console(options) {
        await open(options, async ({ see, click, select, type }) => {
            await select(/^Console/);
            await see(MESSAGE, /^service\.js:29 ready$/);
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

    async performance(options) {
        await open(options, async ({ see, click, select }) => {
            await select(/^Performance/);
            await click('devtools-button', /^Record/);
            await see('body', /Status Tracing…/);
            await evaluate(options, 'knead(300)');
            await click('devtools-button', /^Stop/);
            await select(/^Bottom-up/);
            await see('tr', /knead service\.js/);
        });
    },

    async memory(options) {
        await open(options, async ({ see, click, select }) => {
            await select(/^Memory/);
            await click('devtools-button:not([disabled])', /Take snapshot/);
            await see('tr', /^Sandwich × 1,000 /);
        });
    },

    async network(options) {
        await open(options, async ({ see, click, select }) => {
            await select(/^Network/);
            await see('body', /Currently recording network activity/);
            await evaluate(options, `
                fetchNothing('1', 'http://a.example/menu.txt', 200, 'OK');
                fetchNothing('2', 'http://a.example/nothing', 404, 'Not Found');
                fetchInVain('3', 'http://b.example/order');`);
            await see('tr', /menu\.txt .*200/);
            await see('tr', /nothing .*404/);
            await see('tr', /order .*failed/);
            await see('body', /3 requests/);
            await click('td', /^menu\.txt/);
            await see('.row, tr', /x-kitchen open/i);
        });
    },
});
