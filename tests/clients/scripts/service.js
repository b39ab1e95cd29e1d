// Does nothing until a client calls its functions: the tests name these lines by number.
function square(n) {
    const result = n * n;
    return result;
}

function serve(n) {
    let sum = 0;
    for (let i = 1; i <= n; i++) {
        sum += square(i);
    }
    console.log('served', { n, sum });
    return sum;
}

function knead(ms) {
    for (const end = Date.now() + ms; Date.now() < end;);
    return 'dough';
}

class Sandwich {
    constructor(i) {
        this.layers = ['bread', `cheese ${i}`];
    }
}

Object.assign(globalThis, { serve, knead });
globalThis.menu = Array.from({ length: 1000 }, (_, i) => new Sandwich(i));
console.log('ready');
setInterval(() => {}, 100);
