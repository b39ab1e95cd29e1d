// Breakpoints and steps: the tests name these lines by number.
function add(a, b) {
    const sum = a + b;
    return sum;
}

function main() {
    let total = 0;
    for (let i = 1; i <= 3; i++) {
        total = add(total, i);
    }
    console.log('total', total);
    return total;
}

main();
