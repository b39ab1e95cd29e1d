// A page of the DevTools front-end, used as a person does: by what it shows, by mouse and keys.
//
// Things are found by their role or class and their text, through all shadow roots; what is not
// there yet is waited for.
const fs = require('node:fs');
const CDP = require('chrome-remote-interface');

const LIMIT = 50000; // ms that anything may take; a wait ends as soon as what it waits for is there

// ---- in the page -----------------------------------------------------------

// Visible elements that a selector names, and their texts: what stands inside, or the label.
function find(selector) {
    const textOf = (node) => {
        if (node.nodeType === Node.TEXT_NODE) {
            return node.data;
        }
        const inside = [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes];
        const text = (node.tagName === 'STYLE' ? [] : inside).map(textOf).join(' ');
        return text.replace(/[\s\u200b]+/g, ' ').trim();
    };
    const look = (root) => [...root.querySelectorAll('*')].flatMap((element) => [
        ...(element.matches(selector) && element.getClientRects().length > 0 ? [element] : []),
        ...(element.shadowRoot ? look(element.shadowRoot) : []),
    ]);
    return look(document).map((element) => ({ element, text: textOf(element) || element.ariaLabel }));
}

// Where the first of those with that text is, once it is there and stays in its place.
async function waitFor(selector, pattern, limit) {
    let before;
    for (const until = Date.now() + limit; ;) {
        const found = find(selector);
        const first = found.find(({ text }) => new RegExp(pattern).test(text));
        const box = first?.element.getBoundingClientRect();
        if (box && box.x === before?.x && box.y === before?.y) {
            return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
        }
        before = box;
        if (Date.now() > until) {
            const texts = found.map(({ text }) => JSON.stringify(text));
            const all = find('body')[0].text;
            throw new Error(`no ${selector} with /${pattern}/, but ${texts}, in: ${all}`);
        }
        await new Promise((done) => setTimeout(done, 50));
    }
}

// ---- here ------------------------------------------------------------------

// Opens the front-end of the browser at that port for the inspector at url, has it used, and keeps
// a picture of how it was left.
module.exports = async ({ browser, url, picture }, use) => {
    const { webSocketDebuggerUrl } = await CDP.Version({ port: browser });
    const { Target } = await CDP({ target: webSocketDebuggerUrl, local: true });
    const { targetId } = await Target.createTarget({
        url: `devtools://devtools/bundled/js_app.html?ws=${url.replace('ws://', '')}`,
    });
    const page = await CDP({ port: browser, target: targetId, local: true });
    const { Emulation, Input, Page, Runtime } = page;
    await Emulation.setFocusEmulationEnabled({ enabled: true });

    // Waits for an element with that text.
    const see = async (selector, pattern, limit = LIMIT) => {
        const args = JSON.stringify([selector, pattern.source, limit]);
        const { result, exceptionDetails } = await Runtime.evaluate({
            expression: `${find}; (${waitFor})(...${args})`,
            awaitPromise: true,
            returnByValue: true,
        });
        if (exceptionDetails) {
            throw new Error(exceptionDetails.exception.description);
        }
        return result.value;
    };
    const click = async (selector, pattern) => {
        const { x, y } = await see(selector, pattern);
        for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased']) {
            await Input.dispatchMouseEvent({ type, x, y, button: 'left', clickCount: 1 });
        }
    };
    // Clicks on a tab, and again where DevTools was too busy to hear it.
    const select = async (pattern) => {
        for (const until = Date.now() + LIMIT; ;) {
            await click('[role=tab]', pattern);
            try {
                return await see('[role=tab][aria-selected=true]', pattern, 1000);
            } catch (error) {
                if (Date.now() > until) {
                    throw error;
                }
            }
        }
    };
    const press = async (key, windowsVirtualKeyCode, text) => {
        await Input.dispatchKeyEvent({ type: 'keyDown', key, code: key, windowsVirtualKeyCode, text });
        await Input.dispatchKeyEvent({ type: 'keyUp', key, code: key, windowsVirtualKeyCode });
    };
    const type = async (text) => {
        await Input.insertText({ text });
        await press('Enter', 13, '\r');
    };
    try {
        await use({ see, click, select, press, type });
    } finally {
        const { data } = await Page.captureScreenshot({ format: 'png' });
        fs.writeFileSync(picture, data, 'base64');
        await Target.closeTarget({ targetId });
    }
};
