'use strict';
// What the scenes for Node run: functions to be called from outside, and a server to fetch from.
const http = require('node:http');
const { Worker } = require('node:worker_threads');

class Point {
  #hidden = 7;
  constructor(x, y) { this.x = x; this.y = y; }
  get norm() { return Math.hypot(this.x, this.y, this.#hidden); }
  static origin = new Point(0, 0);
}

function inner(n) {
  const local = { n, point: new Point(n, 2), list: [1, 'two', null] };
  debugger;
  return local.n + 1;
}

function outer(n) {
  let block = n * 2;
  for (let i = 0; i < 1; i++) {
    const deep = () => inner(block + i);
    block = deep();
  }
  return block;
}

async function later(n) {
  await new Promise(resolve => setTimeout(resolve, 1));
  return inner(n);
}

function busy(ms) {
  const end = Date.now() + ms;
  let n = 0;
  const kept = [];
  while (Date.now() < end) {
    n += Math.sqrt(n + 1);
    if (kept.length < 2000) kept.push({ n, text: 'a'.repeat(n % 50) });
  }
  return kept.length;
}

function thrower(what) { throw what; }

function say() {
  console.log('log %s %d %o', 'text', 42, { a: [1, { b: 2 }] });
  console.info(new Map([[{ k: 1 }, new Set([1, 'x'])]]), new WeakMap());
  console.debug(Symbol('s'), 10n ** 20n, -0, NaN, Infinity, undefined, null);
  console.warn(new Error('careful'), /re+/gi, new Date(0), new Proxy({}, {}));
  console.error('\ud800 lone', 'nul \0', 'wide \u{1f600}');
  console.dir(new Point(3, 4));
  console.dirxml([1, 2]);
  console.table([{ a: 1, b: 2 }, { a: 3, b: 4 }]);
  console.trace('from here');
  console.assert(false, 'asserted', { x: 1 });
  console.group('group');
  console.groupCollapsed('inside');
  console.groupEnd();
  console.groupEnd();
  console.count('times');
  console.countReset('times');
  console.time('t');
  console.timeLog('t', 1);
  console.timeEnd('t');
  console.profile('p');
  console.profileEnd('p');
  console.clear();
}

let worker;
function startWorker() {
  worker = new Worker(`
    const { parentPort } = require('node:worker_threads');
    function answer(n) { console.log('worker', n, [n]); debugger; return n * 2; }
    globalThis.answer = answer;
    parentPort.on('message', n => parentPort.postMessage(answer(n)));
  `, { eval: true, name: 'helper' });
  worker.on('message', () => {});
}

const server = http.createServer((request, response) => {
  if (request.url === '/moved') {
    response.writeHead(302, { Location: '/end', 'Set-Cookie': ['a=1', 'b=2; HttpOnly'] }).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end('served ' + request.url);
});

function listen() {
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

async function get(path, method, body) {
  const url = 'http://127.0.0.1:' + server.address().port + path;
  const texts = [];
  texts.push(await new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers: { 'X-Mine': 'yes' } }, response => {
      let text = '';
      response.on('data', piece => { text += piece; });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.end(body);
  }));
  texts.push(await (await fetch(url, { method, body })).text());
  await new Promise(resolve => http.get('http://127.0.0.1:1/nobody').on('error', resolve));
  return texts;
}

Object.assign(globalThis, { Point, outer, later, busy, thrower, say, startWorker, listen, get });
process.on('unhandledRejection', () => {});
globalThis.stopAll = () => { server.close(); if (worker) worker.terminate(); clearInterval(alive); };
const alive = setInterval(() => {}, 1000);
