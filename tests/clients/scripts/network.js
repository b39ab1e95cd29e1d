// Tells the Network panel of requests: in Node by its module, elsewhere by a global.
const { Network } = globalThis.inspector ?? require('node:inspector');
const now = () => Date.now() / 1000;

function begin(requestId, method, url) {
    const request = { url, method, headers: { accept: 'text/plain' } };
    Network.requestWillBeSent({ requestId, timestamp: now(), wallTime: now(), request });
}

globalThis.fetchNothing = (requestId, url, status, statusText) => {
    begin(requestId, 'GET', url);
    const response = { url, status, statusText, headers: { 'x-kitchen': 'open' } };
    Network.responseReceived({ requestId, timestamp: now(), type: 'Fetch', response });
    Network.loadingFinished({ requestId, timestamp: now() });
};

globalThis.fetchInVain = (requestId, url) => {
    begin(requestId, 'POST', url);
    Network.loadingFailed({ requestId, timestamp: now(), type: 'Fetch', errorText: 'nobody is there' });
};

setInterval(() => {}, 100);
