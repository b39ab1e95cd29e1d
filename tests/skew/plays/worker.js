'use strict';
console.log('worker', [1, 2]);
function answer(n) { return n * 2; }
fetch('/data?worker').then(r => r.text()).then(text => postMessage(text + answer(1)));
