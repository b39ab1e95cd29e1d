'use strict';
// What the scene for Chromium runs: functions to be called from outside.
const shadow = document.getElementById('host').attachShadow({ mode: 'open' });
shadow.innerHTML = '<slot name="s"></slot><template><p>t</p></template>';
document.getElementById('press').addEventListener('click', function pressed(event) {
  console.log('pressed', event, this);
});

async function requests() {
  const texts = [];
  for (const [path, options] of [['/data?a=1'], ['/moved'], ['/cached.txt'], ['/cached.txt'], ['/nothing'],
    ['/data', { method: 'POST', body: 'posted \u{1f600}', headers: { 'X-Mine': 'yes' } }]]) {
    texts.push(await (await fetch(path, options)).text());
  }
  await fetch('http://127.0.0.1:1/nobody').catch(e => texts.push(String(e)));
  await fetch(location.origin.replace('127.0.0.1', 'localhost') + '/data').catch(e => texts.push(String(e)));
  return texts;
}

function socket() {
  return new Promise(resolve => {
    const ws = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
    ws.onopen = () => ws.send('hello \u{1f600}');
    ws.onmessage = event => { ws.close(1000, 'done'); resolve(event.data); };
    ws.onerror = () => resolve('error');
  });
}

function refused() {
  return new Promise(resolve => {
    const ws = new WebSocket('ws://127.0.0.1:1/');
    ws.onerror = () => resolve('error');
  });
}

function frame() {
  return new Promise(resolve => {
    const element = document.createElement('iframe');
    element.id = 'frame';
    element.onload = () => resolve(1);
    element.src = location.origin.replace('127.0.0.1', 'localhost') + '/frame.html';
    document.body.append(element);
  });
}

function helper() {
  return new Promise(resolve => {
    globalThis.worker = new Worker('worker.js', { name: 'helper' });
    globalThis.worker.onmessage = event => resolve(event.data);
  });
}

async function stored() {
  localStorage.setItem('k', 'v');
  localStorage.setItem('k', 'w');
  localStorage.removeItem('k');
  sessionStorage.setItem('s', '1');
  const cache = await caches.open('box');
  await cache.put('/kept', new Response('kept', { headers: { 'X-Kept': '1' } }));
  await new Promise((resolve, reject) => {
    const open = indexedDB.open('base', 2);
    open.onupgradeneeded = () => {
      const store = open.result.createObjectStore('things', { keyPath: 'id' });
      store.createIndex('by', ['a', 'b'], { unique: false });
      store.put({ id: 1, a: 'x', b: [1, new Date(0)] });
    };
    open.onsuccess = () => { open.result.close(); resolve(); };
    open.onerror = reject;
  });
  return 1;
}

function change() {
  const p = document.createElement('p');
  p.id = 'new';
  p.textContent = 'added';
  document.body.prepend(p);
  p.setAttribute('data-x', '1');
  p.firstChild.data = 'changed';
  p.classList.add('mover');
  p.removeAttribute('data-x');
  document.querySelector('em').remove();
  const style = document.createElement('style');
  style.textContent = '.new { color: blue }';
  document.head.append(style);
  return 1;
}

function say() {
  console.log('log %s %c styled', 'text', 'color: red', document.body, [1, { a: 2 }]);
  console.error(new TypeError('careful'), '\ud800');
  console.table([{ a: 1 }]);
  console.trace('here');
  console.assert(false, 'asserted');
  console.count();
  console.time('t');
  console.timeEnd('t');
}

function inner(n) {
  const local = { n, list: [1, 'two', null] };
  debugger;
  return local.n + 1;
}

function sound() {
  const context = new OfflineAudioContext(1, 128, 8000);
  const source = context.createOscillator();
  source.connect(context.createGain()).connect(context.destination);
  source.start();
  return context.startRendering().then(buffer => buffer.length);
}
