// Does nothing until a client calls serve(): the tests name these lines by number.
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

class Sandwich {
    constructor(i) {
        this.layers = ['bread', `cheese ${i}`];
    }
}

globalThis.serve = serve;
globalThis.menu = Array.from({ length: 1000 }, (_, i) => new Sandwich(i));
console.log('ready');
setInterval(() => {}, 100);
